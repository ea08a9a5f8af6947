import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { main } from '../src/main.js';
import { readLimited } from '../src/read-limited.js';
import { scriptedTerminal, temporaryFolder } from './scripted-terminal.js';

it('reads a file of the largest size, and refuses one that is a byte larger', async () => {
  const file = join(await temporaryFolder(), 'ocelot.json');
  await writeFile(file, 'x'.repeat(1024 * 1024));
  expect(await readLimited(file, 'ocelot.json', 1024 * 1024)).toHaveLength(1024 * 1024);
  await writeFile(file, 'x'.repeat(1024 * 1024 + 1));
  await expect(readLimited(file, 'ocelot.json', 1024 * 1024)).rejects.toMatchObject({
    message: 'ocelot.json has more than 1 MiB: no configuration is that large.',
    exitCode: 2,
  });
});

it.skipIf(!existsSync('/dev/zero'))('ends with 2 for a file without end', async () => {
  const terminal = await scriptedTerminal();
  expect(await main(['validate', '/dev/zero'], terminal)).toBe(2);
  expect(terminal.err()).toContain('/dev/zero has more than 64 MiB: no configuration is that large.');
});
