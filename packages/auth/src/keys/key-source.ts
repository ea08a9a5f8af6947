import type { VerifyContext } from '../providers/provider.js';
import type { KeySet } from './remote-key-set.js';
import type { WantedKey } from './verification-key.js';

/** Where the keys of a provider come from. */
export interface KeySource {
  /**
   * The keys that may have signed a token.
   * @throws AuthFailure (also as a rejection) unavailable when they cannot be read.
   */
  find(wanted: WantedKey, context: VerifyContext): KeySet | Promise<KeySet>;
  close(): void;
}
