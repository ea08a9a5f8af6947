import { hash as bcryptHash } from 'bcryptjs';
import { afterAll, describe, expect, it } from 'vitest';

import { parseBcryptHash } from '../../src/credentials/bcrypt-hash.js';
import { BcryptThread } from '../../src/credentials/bcrypt-thread.js';
import { parsePasswordFile } from '../../src/credentials/password-file.js';
import { hashPassword, parseScryptHash } from '../../src/credentials/password-hash.js';

// RFC 7914 §12, third vector, in PHC form: scrypt("pleaseletmein", "SodiumChloride", N=16384, r=8, p=1).
const VECTOR =
  '$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw';

const thread = new BcryptThread();
afterAll(() => thread.close());

describe('a scrypt hash', () => {
  it('of hashPassword matches its password only, in its composed form (RFC 7617 §2.1), with a salt of its own', async () => {
    const [one, other] = await Promise.all([hashPassword('pa\u0308sswo\u0308rd'), hashPassword('')]);
    expect(one).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[\w+/]{22}\$[\w+/]{43}$/);
    expect(one.split('$')[3]).not.toBe(other.split('$')[3]);
    const hash = parseScryptHash(one);
    expect(await hash?.matches('pässwörd')).toBe(true);
    expect(await hash?.matches('passwörd')).toBe(false);
  });

  it('matches the vector of RFC 7914 §12', async () => {
    const hash = parseScryptHash(VECTOR);
    expect(await hash?.matches('pleaseletmein')).toBe(true);
    expect(await hash?.matches('pleaseletmeout')).toBe(false);
  });

  it('has a decoy of the same cost that nothing matches', async () => {
    const decoy = parseScryptHash(VECTOR)?.decoy();
    expect(await decoy?.matches('pleaseletmein')).toBe(false);
  });

  it.each([
    '',
    'plain',
    '$scrypt$ln=9,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046w',
    '$scrypt$ln=25,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046w',
    '$scrypt$ln=18,r=32,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046w',
    '$scrypt$ln=14,r=8,p=0$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046w',
    '$scrypt$ln=14,r=8,p=1$U29k$cCO9yzr9c0hGHAbNgf046w',
    '$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$',
  ])('is not %j', (text) => {
    expect(parseScryptHash(text)).toBeUndefined();
  });
});

describe('a bcrypt hash', () => {
  it.each(['2a', '2b', '2y'])('of kind %s matches its password only', async (kind) => {
    const text = (await bcryptHash('wonderland', 4)).replace('$2b$', `$${kind}$`);
    const hash = parseBcryptHash(text, thread);
    expect(await hash?.matches('wonderland')).toBe(true);
    expect(await hash?.matches('Wonderland')).toBe(false);
    expect(await hash?.decoy().matches('wonderland')).toBe(false);
  });

  it.each(['', '$2b$03$', '$2b$15$', '$2x$10$', '$2b$1$'])('does not begin with %j', (start) => {
    expect(parseBcryptHash(`${start}${'a'.repeat(53)}`, thread)).toBeUndefined();
  });

  it('that is none matches nothing, and fails while the thread ends', async () => {
    const own = new BcryptThread();
    expect(await own.compare('a', 'no hash')).toBe(false);
    const open = own.compare('a', await bcryptHash('a', 4));
    own.close();
    await expect(open).rejects.toThrow('closed');
    own.close();
  });

  // It would begin another thread, and nobody would end that.
  it('is not compared once the thread was closed, though work may have waited for it in a queue', async () => {
    const own = new BcryptThread();
    own.close();
    await expect(own.compare('a', await bcryptHash('a', 4))).rejects.toThrow('closed');
  });
});

describe('a password file', () => {
  it('has a line for each user; comments and blank lines are left out', () => {
    const { users } = parsePasswordFile(`# users\r\n\nalice:${VECTOR}\r\nZo\u0065\u0308:${VECTOR}\n`, thread);
    expect([...users.keys()]).toEqual(['alice', 'Zo\u00eb']);
  });

  // With one decoy for all, an unknown name would cost what the first user costs, and the others could be told by time.
  it('has a decoy for each user, one and the same for those that cost the same', async () => {
    const bcrypt = await Promise.all([4, 5, 4].map((cost) => bcryptHash('a', cost)));
    const lines = [VECTOR, ...bcrypt].map((hash, index) => `u${index}:${hash}`);
    const { decoys } = parsePasswordFile(lines.join('\n'), thread);
    expect(decoys).toHaveLength(4);
    expect(new Set(decoys).size).toBe(3);
    expect(decoys[1]).toBe(decoys[3]);
  });

  it.each([
    ['', 'no user'],
    ['# nobody\n', 'no user'],
    ['alice', 'Line 1 is not of the form'],
    [`:${VECTOR}`, 'Line 1 is not of the form'],
    [`a:${VECTOR}\nb:hunter2`, 'Line 2 cannot be used: no hash'],
    [`a:${VECTOR}\na:${VECTOR}`, 'Line 2 names a user for the second time'],
    ['a:$apr1$x$y', 'apr1'],
    ['a:$2b$31$x', 'bcrypt of a kind or cost'],
    ['a:{SHA}x', 'SHA-1'],
    ['a:$6$x$y', 'SHA-2'],
    ['a:$argon2id$v=19$x', 'argon2'],
    [`a:${VECTOR.replace('ln=14', 'ln=30')}`, 'out of range'],
  ])('is refused for %j, without quoting it', (text, message) => {
    expect(() => parsePasswordFile(text, thread)).toThrow(message);
    expect(() => parsePasswordFile(text, thread)).not.toThrow('hunter2');
  });
});
