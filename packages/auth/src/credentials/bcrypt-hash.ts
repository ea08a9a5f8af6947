import { randomBytes } from 'node:crypto';

import type { BcryptThread } from './bcrypt-thread.js';
import type { PasswordHash } from './password-hash.js';

/** `$2b$12$`, 22 characters of salt, 31 of hash: what `htpasswd -B` writes (with `$2y$`). */
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** 14 takes about a second. */
const COSTS = { least: 4, most: 14 };

/**
 * Reads a bcrypt hash. Of a password only the first 72 bytes count: that is bcrypt's own limit.
 * @returns undefined when it is of another kind, or costs too much.
 */
export function parseBcryptHash(text: string, thread: BcryptThread): PasswordHash | undefined {
  const cost = Number(BCRYPT.exec(text)?.[1]);
  if (!(cost >= COSTS.least && cost <= COSTS.most)) return undefined;
  return {
    text,
    matches: (password) => thread.compare(password.normalize('NFC'), text),
    decoy: () => {
      const decoy = `${text.slice(0, 7)}${randomText(53)}`;
      return { matches: (password) => thread.compare(password, decoy) };
    },
  };
}

/** 64 characters: every byte hits one of them equally often. */
function randomText(length: number): string {
  return Array.from(randomBytes(length), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}
