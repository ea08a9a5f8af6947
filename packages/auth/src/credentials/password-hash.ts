import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

// PHC string format: $scrypt$ln=15,r=8,p=3$<salt>$<hash>, base64 without padding.

/** What a password can be compared with. */
export interface PasswordMatcher {
  /** Takes as long for a wrong password as for the right one. */
  matches(password: string): Promise<boolean>;
}

/** A hash of a password. */
export interface PasswordHash extends PasswordMatcher {
  /** As in the file: two of them are the same when this is. */
  readonly text: string;
  /** What costs as much, and matches no password: what unknown names are compared with. */
  decoy(): PasswordMatcher;
}

interface ScryptCost {
  /** Base-2 logarithm of N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** 32 MiB for each password; one of the settings that OWASP's Password Storage Cheat Sheet names. */
const DEFAULT_COST: ScryptCost = { ln: 15, r: 8, p: 3 };
const MAX_MEMORY_BYTES = 268_435_456;
const SCRYPT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,})\$([A-Za-z0-9+/]{22,})$/;

/**
 * Makes a hash for the password file of a provider of type `Basic`.
 *
 * @example
 * console.log(`alice:${await hashPassword('correct horse battery staple')}`);
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const { ln, r, p } = DEFAULT_COST;
  const hash = await derive(password, salt, 32, DEFAULT_COST);
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

/**
 * Reads a hash of {@link hashPassword}, or of another program that writes the PHC format.
 * @returns undefined when it is of another kind, or asks for more than 256 MiB.
 */
export function parseScryptHash(text: string): PasswordHash | undefined {
  const [, ln, r, p, salt, hash] = SCRYPT.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return undefined;
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  if (cost.ln < 10 || cost.r < 1 || cost.p < 1 || memoryOf(cost) > MAX_MEMORY_BYTES) return undefined;
  const [saltBytes, hashBytes] = [Buffer.from(salt, 'base64'), Buffer.from(hash, 'base64')];
  return {
    text,
    ...scryptMatcher(cost, saltBytes, hashBytes),
    decoy: () => scryptMatcher(cost, randomBytes(saltBytes.length), randomBytes(hashBytes.length)),
  };
}

function scryptMatcher(cost: ScryptCost, salt: Buffer, hash: Buffer): PasswordMatcher {
  return { matches: async (password) => timingSafeEqual(await derive(password, salt, hash.length, cost), hash) };
}

function derive(password: string, salt: Buffer, bytes: number, cost: ScryptCost): Promise<Buffer> {
  const { ln, r, p } = cost;
  // Node counts a little more than the algorithm itself.
  const options = { N: 2 ** ln, r, p, maxmem: memoryOf(cost) + 4 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, bytes, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function memoryOf({ ln, r, p }: ScryptCost): number {
  return 128 * r * (2 ** ln + p);
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
