import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

import { beforeAll, describe, expect, it } from 'vitest';

import { compileLoad, runLoad } from '../load.mjs';
import { freePort } from '../processes.mjs';

const canCompile = process.platform === 'linux' && spawnSync(process.env.CC ?? 'cc', ['--version']).status === 0;
const SHORT = { warm: 0, measure: 60, limit: 10_000 };

/** A relay of bytes that may change what the backend sends. */
async function relay(backendPort, change = (bytes) => bytes) {
  const server = createServer((client) => {
    const backend = connect(backendPort, '127.0.0.1');
    client.on('data', (bytes) => backend.write(bytes)).on('close', () => backend.destroy());
    backend.on('data', (bytes) => client.write(change(bytes))).on('end', () => client.end());
    client.on('error', () => backend.destroy());
    backend.on('error', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe.runIf(canCompile)('the load generator', () => {
  let binary = '';
  beforeAll(async () => {
    binary = await compileLoad();
  });

  it.each([
    ['echo', { connections: 3, window: 4, payload: 64 }],
    ['echo', { connections: 2, window: 1, payload: 300_000 }],
    ['handshake', { connections: 4, payload: 64 }],
    ['push', { connections: 5, payload: 200 }],
  ])('finds nothing wrong with what its own backend sends: %s %o', async (mode, load) => {
    const port = await freePort();
    const printed = await runLoad(binary, mode, { ...load, ...SHORT, target: port, backend: port });
    expect(printed.units).toBeGreaterThan(0);
    expect(printed.failed).toEqual({ connect: 0, handshake: 0, payload: 0, close: 0, unfinished: 0 });
  });

  it('holds idle connections until it is let go', async () => {
    const port = await freePort();
    let held = 0;
    const onHeld = async (count) => {
      held = count;
    };
    const load = { connections: 20, limit: 10_000, target: port, backend: port };
    const printed = await runLoad(binary, 'idle', load, { onHeld });
    expect([held, printed.held, printed.failed.close]).toEqual([20, 20, 0]);
  });

  it('notices one altered bit of a payload', async () => {
    const backendPort = await freePort();
    const server = await relay(backendPort, (bytes) => {
      if (bytes[0] === 0x82) bytes[40] ^= 1;
      return bytes;
    });
    const load = { ...SHORT, connections: 2, payload: 64, target: server.address().port, backend: backendPort };
    const printed = await runLoad(binary, 'echo', load);
    expect(printed).toMatchObject({ units: 0, failed: { payload: 2 } });
    server.close();
  });

  it('refuses a 101 with another accept value (RFC 6455 §4.1)', async () => {
    const backendPort = await freePort();
    const server = await relay(backendPort, (bytes) => {
      const text = bytes.toString('latin1');
      return text.startsWith('HTTP') ? Buffer.from(text.replace('s3pPLMB', 'S3pPLMB'), 'latin1') : bytes;
    });
    const load = { ...SHORT, connections: 1, target: server.address().port, backend: backendPort };
    expect(await runLoad(binary, 'echo', load)).toMatchObject({ held: 0, failed: { handshake: 1 } });
    server.close();
  });

  it('says what is wrong with its options', async () => {
    await expect(runLoad(binary, 'echo', { payload: 4 })).rejects.toThrow('a payload has 16 bytes at least');
  });
});
