import { parseBcryptHash } from './bcrypt-hash.js';
import type { BcryptThread } from './bcrypt-thread.js';
import { parseScryptHash, type PasswordHash, type PasswordMatcher } from './password-hash.js';

/** Users of a password file, by name. */
export interface PasswordFile {
  readonly users: ReadonlyMap<string, PasswordHash>;
  /**
   * What unknown names are compared with: for each user one that costs as much as his, so that in a file of several
   * kinds of hashes the time tells no name. At least one.
   */
  readonly decoys: readonly PasswordMatcher[];
}

const MAX_USERS = 100_000;
const HOW = 'Good ones are those of hashPassword of @ocelot/auth and of htpasswd -B (bcrypt, cost 4 to 14).';
const REFUSED: readonly (readonly [start: RegExp, kind: string])[] = [
  [/^\$2[abxy]?\$/, 'bcrypt of a kind or cost that is not taken'],
  [/^\$apr1\$/, 'apr1 (MD5)'],
  [/^\$1\$/, 'md5crypt'],
  [/^\$[56]\$/, 'crypt of SHA-2'],
  [/^\{SHA\}/, 'SHA-1 without salt'],
  [/^\$argon2/, 'argon2'],
  [/^\$scrypt\$/, 'scrypt with parameters out of range'],
];

/**
 * Reads a password file: lines of `name:hash`, blank lines and those that begin with `#` left out. Names are UTF-8 and
 * compared in their composed form (RFC 7617 §2.1).
 * @param thread Where bcrypt hashes are compared.
 * @throws Error naming the line; never what is in it.
 */
export function parsePasswordFile(text: string, thread: BcryptThread): PasswordFile {
  const users = new Map<string, PasswordHash>();
  const byCost = new Map<string, PasswordMatcher>();
  const decoys: PasswordMatcher[] = [];
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === '' || line.startsWith('#')) return;
    const at = line.indexOf(':');
    if (at < 1) throw new Error(`Line ${index + 1} is not of the form name:hash.`);
    const name = line.slice(0, at).normalize('NFC');
    if (users.has(name)) throw new Error(`Line ${index + 1} names a user for the second time.`);
    const hash = parseHash(line.slice(at + 1).trim(), index + 1, thread);
    const cost = costOf(hash);
    const decoy = byCost.get(cost) ?? hash.decoy();
    byCost.set(cost, decoy);
    decoys.push(decoy);
    users.set(name, hash);
    if (users.size > MAX_USERS) throw new Error(`There are more than ${MAX_USERS} users.`);
  });
  if (decoys.length === 0) throw new Error('There is no user in it.');
  return { users, decoys };
}

/** `$scrypt$ln=15,r=8,p=3` or `$2y$12`: what comparing costs. */
function costOf({ text }: PasswordHash): string {
  return text.split('$').slice(0, 3).join('$');
}

function parseHash(text: string, line: number, thread: BcryptThread): PasswordHash {
  const hash = parseScryptHash(text) ?? parseBcryptHash(text, thread);
  if (hash !== undefined) return hash;
  const kind = REFUSED.find(([start]) => start.test(text))?.[1] ?? 'no hash, or one of a kind that is not known';
  throw new Error(`Line ${line} cannot be used: ${kind}. ${HOW}`);
}
