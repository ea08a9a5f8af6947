import type { EndScenario } from './end-scenario.js';
import { ALL_MODES, HASTY, PATIENT } from './route-manners.js';

const timers: readonly EndScenario[] = [
  {
    event: 'idle',
    what: 'no byte passes for `IdleTimeoutMs`',
    modes: ALL_MODES,
    gateway: { ...PATIENT, IdleTimeoutMs: 200 },
    within: 'IdleTimeoutMs',
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
export const GATEWAY_SCENARIOS: readonly EndScenario[] = [...timers, ...leaving];
