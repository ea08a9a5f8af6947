import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { TestAuthority } from '@ocelot/test-support';
import { readAuthorities } from '../src/index.js';

const one = new TestAuthority('One').cert;
const two = new TestAuthority('Two').cert;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ocelot-authorities-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function written(text: string): Promise<string> {
  const file = join(folder, 'ca.pem');
  await writeFile(file, text);
  return file;
}

describe('readAuthorities', () => {
  it.each([
    ['one certificate', one],
    ['several, with remarks between them', `# first\n${one}\n# second\n${two}`],
    ['one with other line ends', one.replaceAll('\n', '\r\n')],
  ])('takes %s', async (_, text) => {
    expect(readAuthorities(await written(text))).toBe(text);
  });

  it.each([
    ['nothing', '', /holds no certificate/],
    [
      'a file of another kind',
      '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n',
      /holds no certificate/,
    ],
    ['one whole and half of one', one + two.slice(0, 200), /ends inside a certificate/],
    [
      'a damaged one',
      one + two.replace(/\n[^\n]{20}/, '\nAAAAAAAAAAAAAAAAAAAA'),
      /certificate 2 of .*ca\.pem is damaged/,
    ],
  ])('refuses %s, which OpenSSL would skip', async (_, text, expected) => {
    const file = await written(text);
    expect(() => readAuthorities(file)).toThrow(expected);
  });

  it('says which file is missing', () => {
    expect(() => readAuthorities(join(folder, 'none.pem'))).toThrow(/none\.pem/);
  });
});
