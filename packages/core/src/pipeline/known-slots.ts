import type { Slot } from '../contracts/exchange.js';
import type { Identity } from '../contracts/identity.js';
import { createSlot } from './slot.js';

/**
 * Who the client proved to be: set by stages of the phase `authenticate`, read by whatever limits, writes headers or
 * counts by it. Renewed credentials replace it while a session runs.
 */
export const IDENTITY: Slot<Identity> = createSlot<Identity>('identity');

/** The id of the trace that the request belongs to: set by tracing, read by `{TraceId}` of header transforms. */
export const TRACE_ID: Slot<string> = createSlot<string>('trace id');

/**
 * The subprotocol that a client is told when the backend selects none: for clients that had to offer one, because
 * browsers have no other place for a token. Set by stages, read by relays of upgrades.
 */
export const ANSWER_PROTOCOL: Slot<string> = createSlot<string>('answer protocol');
