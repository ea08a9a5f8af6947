import { expect, it } from 'vitest';

import { canReusePort } from '../../src/workers/accept-mode.js';

it.each([
  ['20.20.2', 'linux', false],
  ['22.11.0', 'linux', false],
  ['22.12.0', 'linux', true],
  ['23.0.0', 'linux', false],
  ['23.1.0', 'linux', true],
  ['26.10.0', 'freebsd', true],
  ['26.10.0', 'darwin', false],
  ['26.10.0', 'win32', false],
])('on Node %s and %s workers open the port by themselves: %s', (version, platform, expected) => {
  expect(canReusePort(version, platform)).toBe(expected);
});
