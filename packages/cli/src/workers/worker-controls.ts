import type { Gateway } from '@ocelot/core';

import type { ControlCall, ControlQuestion } from '../control/control-desk.js';
import { LocalDesk } from '../control/local-desk.js';
import type { FromWorker, ToWorker } from './messages.js';

/** A worker's side of the control address: answers what the primary passes on, for as long as the process lives. */
export function serveControls(
  primary: { on(listener: (message: ToWorker) => void): void; send(message: FromWorker): void },
  gateway: Pick<Gateway, 'controls' | 'log'>,
): readonly ControlCall[] {
  const desk = new LocalDesk(gateway);
  primary.on((message) => {
    if (message.type === 'control')
      void desk
        .ask(message.question)
        .then(({ answer }) => primary.send({ type: 'controlAnswer', id: message.id, answer }));
    else if (message.type === 'mergeControl')
      primary.send({ type: 'controlAnswer', id: message.id, answer: desk.merge(message.call, message.answers) });
  });
  return desk.calls;
}

/** Has a worker that takes the place of another know what was changed before, one call after the other. */
export async function repeatCalls(
  gateway: Pick<Gateway, 'controls' | 'log'>,
  told: readonly ControlQuestion[],
): Promise<void> {
  if (told.length === 0) return;
  const desk = new LocalDesk(gateway);
  for (const question of told) await desk.ask(question);
  gateway.log.info({ calls: told.length }, 'control calls of the past were repeated');
}
