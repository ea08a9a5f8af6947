// Situation: the built command serves TLS, in one process or several. Action: clients of both protocols come, files are
// renewed, the process is told to end. Expected: what the guide on TLS promises.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls';

import {
  type EchoBackend,
  type Http2Client,
  OPCODE,
  TestAuthority,
  echoBackend,
  http2Client,
  readClose,
} from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { type RunningOcelot, ocelot, runOcelot, temporaryFolder } from '../src/run-ocelot.js';
import { talk } from '../src/talk.js';

const authority = new TestAuthority();
let backend: EchoBackend;

beforeAll(async () => {
  backend = await echoBackend();
});
afterAll(() => backend.close());

/** A gateway with a certificate for localhost in `first.crt` of the returned folder. */
async function secure(...args: string[]): Promise<{ gateway: RunningOcelot; folder: string }> {
  const folder = await emptyFolder();
  await issue(folder);
  const gateway = await runOcelot(configuration(folder), { args });
  onTestFinished(async () => void (await gateway.stop()));
  return { gateway, folder };
}

async function emptyFolder(): Promise<string> {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  return folder.path;
}

async function issue(folder: string): Promise<void> {
  const { cert, key } = authority.issue({ names: ['localhost', '127.0.0.1'] });
  await writeFile(join(folder, 'first.crt'), cert);
  await writeFile(join(folder, 'first.key'), key);
}

function configuration(folder: string): object {
  return {
    Routes: [
      {
        UpstreamPathTemplate: '/room',
        DownstreamPathTemplate: '/',
        DownstreamScheme: 'ws',
        DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: backend.port }],
      },
    ],
    GlobalConfiguration: {
      Gateway: {
        Tls: { CertFile: join(folder, 'first.crt'), KeyFile: join(folder, 'first.key') },
        Drain: { DeadlineMs: 5_000, SpreadMs: 0 },
      },
    },
  };
}

async function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: authority.cert, servername: 'localhost', ...options });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

describe('a gateway with TLS', () => {
  it('tells its https address, carries both protocols, and drains both with 1012 (S25)', async () => {
    const { gateway } = await secure();
    expect(gateway.output().stdout).toContain(`listening on https://127.0.0.1:${gateway.port}`);
    const first = await talk(`wss://${gateway.authority}/room`, { ca: authority.cert });
    expect(await first.ask('over HTTP/1.1')).toBe('over HTTP/1.1');
    const client: Http2Client = await http2Client(gateway.port, { rejectUnauthorized: true, ca: authority.cert });
    onTestFinished(() => client.destroy());
    const second = client.open({ path: '/room', headers: { ':scheme': 'https' } });
    expect(await second.status()).toBe(200);
    second.sendFrame({ opcode: OPCODE.text, payload: 'over HTTP/2', mask: true });
    expect((await second.readFrame()).payload.toString()).toBe('over HTTP/2');

    gateway.signal('SIGTERM');

    const frame = await second.readFrame();
    expect(readClose(frame).code).toBe(1012);
    second.sendFrame({ opcode: OPCODE.close, payload: frame.payload, mask: true });
    second.end();
    expect((await first.closed).code).toBe(1012);
    expect(await gateway.ended()).toMatchObject({ code: 0 });
  });

  it('reads its certificates anew at SIGHUP', async () => {
    const { gateway, folder } = await secure();
    const shown = async (): Promise<string> => {
      const socket = await handshake(gateway.port);
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    };
    const before = await shown();
    await issue(folder);
    gateway.signal('SIGHUP');
    await gateway.log(({ msg }) => msg === 'certificates renewed');
    expect(await shown()).not.toBe(before);
  });

  it('ends with 2 when a certificate is missing, and names the key of the file', async () => {
    const folder = await emptyFolder();
    await writeFile(join(folder, 'ocelot.json'), JSON.stringify(configuration(folder)));
    const { code, stderr, stdout } = await ocelot(['run', '--port', '0'], { cwd: folder });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('ocelot.json#/GlobalConfiguration/Gateway/Tls/CertFile');
    expect(stderr).toContain('does not exist (ENOENT)');
  });
});

describe('workers with TLS', () => {
  it('resume each other’s sessions', async () => {
    const { gateway } = await secure('--workers', '2');
    await gateway.log(({ msg }) => msg === 'gateway started');
    const only = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
    const first = await handshake(gateway.port, only);
    const session = first.getSession();
    first.destroy();
    // Each of them may come to either worker.
    for (let turn = 0; turn < 12; turn += 1) {
      const again = await handshake(gateway.port, { ...only, session });
      expect(again.isSessionReused()).toBe(true);
      again.destroy();
    }
    const talker = await talk(`wss://${gateway.authority}/room`, { ca: authority.cert });
    expect(await talker.ask('hello')).toBe('hello');
    talker.socket.terminate();
  });
});
