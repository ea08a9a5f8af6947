import { OPCODE, type FrameParts } from '@ocelot/test-support';

import { onBothSides, type EndScenario } from './end-scenario.js';
import { ALL_MODES, HASTY, PATIENT, WALKED } from './route-manners.js';

const text = (payload: string): FrameParts => ({ opcode: OPCODE.text, payload });

const tooBig = onBothSides((side) => ({
  event: `${side}.too-big`,
  what: `the ${side} sends a message larger than \`MaxMessageBytes\``,
  modes: WALKED,
  gateway: { ...PATIENT, MaxMessageBytes: 10 },
  within: 'at once',
  act: (ends) => ends.send(side, text('eleven byte')),
}));

const tooManyPieces = onBothSides((side) => ({
  event: `${side}.over-limit`,
  what: `the ${side} sends a message in more than \`MaxFramesPerMessage\` frames`,
  modes: WALKED,
  gateway: { ...PATIENT, MaxFramesPerMessage: 2 },
  within: 'at once',
  act: (ends) =>
    ends.send(
      side,
      { ...text('a'), fin: false },
      { opcode: OPCODE.continuation, fin: false },
      { opcode: OPCODE.continuation },
    ),
}));

const tooFast = onBothSides((side) => ({
  event: `${side}.over-limit`,
  what: `the ${side} sends more frames in a second than \`MaxFrameRate\``,
  modes: WALKED,
  gateway: { ...PATIENT, MaxFrameRate: 20 },
  within: 'at once',
  act: (ends) => ends.send(side, ...Array.from({ length: 400 }, () => text('x'))),
}));

const silent = onBothSides((side) => ({
  event: `${side}.silent`,
  what: `the ${side} leaves a \`Ping\` of the gateway unanswered`,
  modes: WALKED,
  gateway: { ...PATIENT, Ping: { IntervalMs: 200, TimeoutMs: 300, Legs: side } },
  within: 'Ping',
  onClose: { [side]: 'ignore' },
}));

const timers: readonly EndScenario[] = [
  {
    event: 'idle',
    what: 'no byte passes for `IdleTimeoutMs`',
    modes: ALL_MODES,
    gateway: { ...PATIENT, IdleTimeoutMs: 200 },
    within: 'IdleTimeoutMs',
  },
  {
    event: 'app-idle',
    what: 'no data message passes for `AppIdleTimeoutMs`',
    modes: WALKED,
    gateway: { ...PATIENT, AppIdleTimeoutMs: 200 },
    within: 'AppIdleTimeoutMs',
  },
  {
    event: 'lifetime',
    what: 'the session gets as old as `MaxLifetimeMs`',
    modes: WALKED,
    gateway: { ...PATIENT, MaxLifetimeMs: 300, MaxLifetimeJitter: 0 },
    within: 'MaxLifetimeMs',
  },
];

const taps: readonly EndScenario[] = [
  {
    event: 'hook',
    what: 'a tap of a plugin throws',
    modes: WALKED,
    gateway: PATIENT,
    within: 'at once',
    tap: 'throwing',
    act: (ends) => ends.send('client', text('x')),
  },
  {
    event: 'plugin',
    what: 'a tap of a plugin closes the session with 4100',
    modes: WALKED,
    gateway: PATIENT,
    within: 'at once',
    tap: 'closing',
    act: (ends) => ends.send('client', text('x')),
  },
  {
    event: 'error',
    what: 'a plugin ends the session because its credentials have expired',
    modes: WALKED,
    gateway: PATIENT,
    within: 'at once',
    tap: 'failing',
    act: (ends) => ends.send('client', text('x')),
  },
];

const leaving: readonly EndScenario[] = [
  {
    event: 'drain',
    what: 'the gateway drains',
    modes: ALL_MODES,
    gateway: PATIENT,
    within: 'Drain.DeadlineMs',
    isDrain: true,
  },
  {
    event: 'drain',
    what: 'the gateway drains, and nobody answers within `CloseTimeoutMs`',
    modes: ALL_MODES,
    gateway: HASTY,
    within: 'Drain.DeadlineMs',
    isDrain: true,
    onClose: { client: 'ignore', backend: 'ignore' },
  },
  {
    event: 'drain',
    what: 'the gateway drains, and nobody answers until `Drain.DeadlineMs`',
    modes: ALL_MODES,
    gateway: PATIENT,
    within: 'Drain.DeadlineMs',
    isDrain: true,
    onClose: { client: 'ignore', backend: 'ignore' },
  },
];

/** Ends that the gateway itself decides on. */
export const GATEWAY_SCENARIOS: readonly EndScenario[] = [
  ...tooBig,
  ...tooManyPieces,
  ...tooFast,
  ...silent,
  ...timers,
  ...taps,
  ...leaving,
];
