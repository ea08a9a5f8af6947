import { OPCODE } from '@ocelot/test-support';

import { halfFrame, onBothSides, type EndScenario } from './end-scenario.js';
import { GATEWAY_SCENARIOS } from './gateway-scenarios.js';
import { ALL_MODES, HASTY, PATIENT, WALKED } from './route-manners.js';

const closes = onBothSides((side) => ({
  event: `${side}.close`,
  what: `the ${side} sends Close 4000, the other side answers`,
  modes: ALL_MODES,
  gateway: PATIENT,
  within: 'at once',
  act: (ends) => ends[side].close(4000, 'done'),
}));

const unanswered = onBothSides((side) => {
  const other = side === 'client' ? 'backend' : 'client';
  return {
    event: `${side}.close`,
    what: `the ${side} sends Close 4000, the ${other} never answers`,
    modes: WALKED,
    gateway: HASTY,
    within: 'CloseTimeoutMs',
    onClose: { [other]: 'ignore' },
    act: (ends) => ends[side].close(4000, 'done'),
  };
});

const cutInstead = onBothSides((side) => {
  const other = side === 'client' ? 'backend' : 'client';
  return {
    event: `${side}.close`,
    what: `the ${side} sends Close 4000, the ${other} ends its connection instead of an answer`,
    modes: ALL_MODES,
    gateway: PATIENT,
    within: 'at once',
    onClose: { [other]: 'cut' },
    act: (ends) => ends[side].close(4000, 'done'),
  };
});

const halfClosed = onBothSides((side) => ({
  event: `${side}.fin`,
  what: `the ${side} half-closes between frames, without a Close`,
  modes: WALKED,
  gateway: PATIENT,
  within: 'at once',
  act: (ends) => ends[side].finish(),
}));

const halfClosedInside = onBothSides((side) => ({
  event: `${side}.fin`,
  what: `the ${side} half-closes inside a frame`,
  modes: WALKED,
  gateway: PATIENT,
  within: 'at once',
  act: async (ends) => {
    await ends.sendOpen(side, halfFrame(side));
    ends[side].finish();
  },
}));

const ended = onBothSides((side) => ({
  event: `${side}.end`,
  what: `the ${side} half-closes`,
  modes: ['opaque'],
  gateway: PATIENT,
  within: 'at once',
  act: (ends) => ends[side].finish(),
}));

const lost = onBothSides((side) => ({
  event: `${side}.lost`,
  what: `the connection of the ${side} breaks (RST) between frames`,
  modes: ALL_MODES,
  gateway: PATIENT,
  within: 'at once',
  act: (ends) => ends[side].reset(),
}));

const lostInside = onBothSides((side) => ({
  event: `${side}.lost`,
  what: `the connection of the ${side} breaks (RST) inside a frame`,
  modes: WALKED,
  gateway: PATIENT,
  within: 'at once',
  act: async (ends) => {
    await ends.sendOpen(side, halfFrame(side));
    ends[side].reset();
  },
}));

const invalid = onBothSides((side) => ({
  event: `${side}.invalid`,
  what: `the ${side} sends a frame with a reserved opcode`,
  modes: WALKED,
  gateway: PATIENT,
  within: 'at once',
  act: (ends) => ends.send(side, { opcode: 3, payload: 'x' }),
}));

const badReason = onBothSides((side) => ({
  event: `${side}.invalid`,
  what: `the ${side} sends a Close whose reason is not UTF-8`,
  modes: WALKED,
  gateway: PATIENT,
  within: 'at once',
  act: (ends) => ends.send(side, { opcode: OPCODE.close, payload: Buffer.from([0x03, 0xe8, 0xff]) }),
}));

/** Every end of a session, in the order of the page. One more way is one more entry. */
export const SCENARIOS: readonly EndScenario[] = [
  ...closes,
  ...unanswered,
  ...cutInstead,
  ...halfClosed,
  ...halfClosedInside,
  ...ended,
  ...lost,
  ...lostInside,
  ...invalid,
  ...badReason,
  ...GATEWAY_SCENARIOS,
];
