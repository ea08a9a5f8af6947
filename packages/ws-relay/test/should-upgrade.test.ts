import type { IncomingMessage } from 'node:http';

import { describe, expect, it } from 'vitest';

import { shouldUpgrade } from '../src/index.js';

const asks = (...rawHeaders: string[]): boolean => shouldUpgrade({ rawHeaders } as unknown as IncomingMessage);

describe('shouldUpgrade', () => {
  it('takes requests out of HTTP that ask for websocket', () => {
    expect(asks('Host', 'a', 'upgrade', 'h2c, WebSocket')).toBe(true);
    expect(asks('Upgrade', 'h2c', 'Upgrade', 'websocket')).toBe(true);
  });

  it('leaves every other offer to HTTP (RFC 9110 §7.8)', () => {
    expect(asks('Upgrade', 'h2c')).toBe(false);
    expect(asks('Upgrade', 'TLS/1.0')).toBe(false);
    expect(asks('Upgrade', 'websockets')).toBe(false);
    expect(asks('Host', 'a')).toBe(false);
  });
});
