import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { clearSocketFile, explainSocketFile, openSocketFile, unixSocketOf } from '../../src/front/unix-socket-file.js';

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ocelot-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'gateway.sock');
}

async function listener(path: string): Promise<void> {
  const server = createServer((socket) => socket.on('error', () => undefined).destroy()).listen({ path });
  await once(server, 'listening');
  onTestFinished(() => void server.close());
}

/** What a process leaves that is killed while it listens. */
function leaveStale(path: string): void {
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  expect(() => execFileSync(process.execPath, ['-e', script])).toThrow('SIGKILL');
  expect(existsSync(path)).toBe(true);
}

describe('unixSocketOf', () => {
  it('is the path behind unix:', () => {
    expect(unixSocketOf('unix:/run/ocelot.sock')).toBe('/run/ocelot.sock');
  });

  it.each(['127.0.0.1', '::1', 'localhost', 'unix.example'])('is none for %s', (host) => {
    expect(unixSocketOf(host)).toBeUndefined();
  });

  it.each(['unix:', 'unix:ocelot.sock', `unix:/${'x'.repeat(107)}`, 'unix:/run/\u0000'])('refuses %j', (host) => {
    expect(() => unixSocketOf(host)).toThrow(expect.objectContaining({ name: 'CommandError', exitCode: 2 }));
  });
});

describe('clearSocketFile', () => {
  it('does nothing where there is no file', async () => {
    await expect(clearSocketFile(place())).resolves.toBeUndefined();
  });

  it('removes a socket on which nobody listens', async () => {
    const path = place();
    leaveStale(path);
    await clearSocketFile(path);
    expect(existsSync(path)).toBe(false);
  });

  it('leaves a socket alone on which somebody listens, and says so with exit code 3', async () => {
    const path = place();
    await listener(path);
    await expect(clearSocketFile(path)).rejects.toMatchObject({
      exitCode: 3,
      message: `Another process listens on ${path}.`,
    });
    expect(existsSync(path)).toBe(true);
  });

  it('leaves any other file alone', async () => {
    const path = place();
    writeFileSync(path, 'mine');
    await expect(clearSocketFile(path)).rejects.toMatchObject({
      exitCode: 3,
      message: `${path} exists and is no socket.`,
    });
    expect(existsSync(path)).toBe(true);
  });
});

describe('openSocketFile', () => {
  const open = async (path: string, mode?: number): Promise<Server> => {
    const server = createServer((socket) => socket.on('error', () => undefined).destroy());
    onTestFinished(() => void server.close());
    await openSocketFile(server, path, mode);
    return server;
  };

  it('listens where a killed gateway left its socket, and removes the file when it stops', async () => {
    const path = place();
    leaveStale(path);
    const server = await open(path);
    expect(statSync(path).isSocket()).toBe(true);
    server.close();
    await once(server, 'close');
    expect(existsSync(path)).toBe(false);
  });

  it('gives the permissions that were asked for', async () => {
    const path = place();
    await open(path, 0o660);
    expect(statSync(path).mode & 0o777).toBe(0o660);
  });

  it('refuses a path whose folder does not exist, with exit code 2', async () => {
    const path = join(dirname(place()), 'missing', 'a.sock');
    await expect(open(path)).rejects.toMatchObject({
      exitCode: 2,
      message: `The folder of ${path} does not exist.`,
    });
  });
});

describe('explainSocketFile', () => {
  it.each([
    ['EADDRINUSE', 3, 'listens on'],
    ['EACCES', 3, 'may not listen'],
    ['ENOENT', 2, 'folder'],
    ['ENOTDIR', 2, 'folder'],
    ['EMFILE', 1, 'EMFILE'],
  ])('says of %s what to do, with exit code %d', (code, exitCode, text) => {
    const error = explainSocketFile(Object.assign(new Error(code), { code }), '/run/ocelot.sock');
    expect(error).toMatchObject({ exitCode, message: expect.stringContaining(text) });
    expect(error.message).toContain('/run/ocelot.sock');
  });
});
