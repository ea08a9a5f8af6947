import { resetSocket } from '@ocelot/test-support';

import { chooseClose } from './close-choice.js';
import type { ConversationPlan } from './conversation-plan.js';
import type { Peer } from './peer.js';

/** What an ending waits for. */
export interface EndingMoments {
  /** Whether both ends have said and heard everything. */
  readonly isDone: () => boolean;
  /** Settles once `ready` says so, or when the conversation has begun to end by itself. */
  readonly after: (ready: () => boolean) => Promise<void>;
}

/** Lets a conversation end as its plan has it. Settles when the ending has begun. */
export async function bringToEnd(
  plan: ConversationPlan,
  client: Peer,
  backend: Peer,
  { isDone, after }: EndingMoments,
): Promise<void> {
  const status = chooseClose(plan.id);
  switch (plan.ending) {
    case 'client closes':
    case 'backend ignores Close':
      await after(isDone);
      client.close(status);
      break;
    case 'backend closes':
    case 'client ignores Close':
      await after(isDone);
      backend.close(status);
      break;
    case 'both close at once':
      await after(isDone);
      client.close(status);
      backend.close(status);
      break;
    case 'client closes early':
      await after(() => client.hasSpoken);
      client.close(status);
      break;
    case 'backend closes early':
      await after(() => backend.hasSpoken);
      backend.close(status);
      break;
    case 'client breaks the protocol':
      await after(() => client.hasSpoken);
      client.breakProtocol();
      break;
    case 'backend breaks the protocol':
      await after(() => backend.hasSpoken);
      backend.breakProtocol();
      break;
    case 'client says too much':
      await after(() => client.hasSpoken);
      client.sayTooMuch();
      break;
    case 'client half-closes':
      await after(() => client.hasSpoken);
      client.socket.end();
      break;
    case 'backend half-closes':
      await after(() => backend.hasSpoken);
      backend.socket.end();
      break;
    case 'client resets':
      await after(() => client.sent > 0 || client.hasSpoken);
      resetSocket(client.socket);
      break;
    case 'backend resets':
      await after(() => backend.sent > 0 || backend.hasSpoken);
      resetSocket(backend.socket);
      break;
    default:
      plan.ending satisfies never;
  }
}
