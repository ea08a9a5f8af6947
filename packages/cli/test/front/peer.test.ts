import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';

import { type Plugin, createGateway, readConfiguration } from '@ocelot/core';
import { MemoryLogger } from '@ocelot/core/testing';
import { describe, expect, it, onTestFinished } from 'vitest';

import { listen } from '../../src/listen.js';

/** A gateway that remembers who asked. */
async function stand(): Promise<{ readonly port: number; readonly peers: readonly (string | undefined)[] }> {
  const peers: (string | undefined)[] = [];
  const plugin: Plugin = {
    name: 'remembers',
    setup: (registry) =>
      registry.relay({
        kind: 'http',
        listener: () => (request: IncomingMessage, response: ServerResponse) => {
          peers.push(request.socket.remoteAddress);
          response.end();
        },
      }),
  };
  const config = readConfiguration({ Routes: [] });
  const gateway = await createGateway({ config, log: new MemoryLogger(), plugins: [plugin] });
  const listener = await listen(gateway, { host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    listener.stop();
    listener.destroy();
    await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
  });
  return { port: Number(new URL(listener.url).port), peers };
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

describe('keepPeer', () => {
  // Attack: an address that is unknown passes IP lists; only peers of a Unix-domain socket may have none.
  it('has nobody served who reset the connection before it was accepted', async () => {
    const { port, peers } = await stand();
    // This process accepts nothing while it waits for the other one.
    execFileSync(process.execPath, [
      '-e',
      `const socket = require('node:net').connect(${port}, '127.0.0.1', () =>
         socket.write(${JSON.stringify(REQUEST)}, () => socket.resetAndDestroy()))`,
    ]);
    const next = connect(port, '127.0.0.1').on('error', () => undefined);
    onTestFinished(() => void next.destroy());
    next.write(REQUEST);
    await once(next, 'data');
    expect(peers).toEqual(['127.0.0.1']);
  });
});
