import type { Mode } from '../conformance-case.js';
import type { GatewayKeys } from './end-scenario.js';

/** Modes in which a scenario can be, and those that know frames. */
export const ALL_MODES: readonly Mode[] = ['framed', 'opaque', 'messages'];
export const WALKED: readonly Mode[] = ['framed', 'messages'];

/** Far longer than any end may take: what is over `at once` did not wait for it. */
export const PATIENT: GatewayKeys = { CloseTimeoutMs: 60_000 };
export const HASTY: GatewayKeys = { CloseTimeoutMs: 300 };
