import type { CloseStatus } from './peer.js';

/** Codes that an application may send (RFC 6455 §7.4), an empty Close among them, with short, long and no reasons. */
const CHOICES: readonly CloseStatus[] = [
  { code: 1000, reason: '' },
  { code: 1001, reason: 'going away' },
  { code: 3000, reason: 'ä'.repeat(61) },
  { code: 4999, reason: 'x'.repeat(123) },
  { code: undefined, reason: '' },
];

/** The Close of a conversation. */
export function chooseClose(conversation: number): CloseStatus {
  return CHOICES[conversation % CHOICES.length] ?? { code: undefined, reason: '' };
}
