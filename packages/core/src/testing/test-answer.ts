import type { OutgoingHeaders } from '../contracts/exchange.js';
import { createAnswerHeaders } from '../pipeline/outgoing-head.js';

/**
 * The headers of a backend's answer, as {@link BalancingPolicy.mark} and the edits of stages get them.
 * @param rawHeaders Name, value, name, value, ….
 */
export function testAnswer(rawHeaders: readonly string[] = []): OutgoingHeaders {
  return createAnswerHeaders(rawHeaders);
}
