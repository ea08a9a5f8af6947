import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type SecureClientSessionOptions, connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, type TLSSocket, connect } from 'node:tls';

import { type GatewayConfig, type Plugin, readConfiguration } from '@ocelot/core';
import { MemoryLogger } from '@ocelot/core/testing';
import { httpRelay } from '@ocelot/http-relay';
import { lb } from '@ocelot/lb';
import {
  type EchoBackend,
  Http2Client,
  type IssuedCertificate,
  TestAuthority,
  echoBackend,
} from '@ocelot/test-support';
import { wsRelay } from '@ocelot/ws-relay';
import { onTestFinished } from 'vitest';

import { type OpenGateway, openGateway } from '../../src/open-gateway.js';

/** Who signs the certificates of all gateways in these tests. */
export const authority: TestAuthority = new TestAuthority('Example authority');

/** A gateway that speaks TLS, with an echo backend behind `/echo`. */
export interface SecureGateway {
  readonly open: OpenGateway;
  readonly port: number;
  readonly log: MemoryLogger;
  readonly backend: EchoBackend;
  /** Where its files are. */
  readonly folder: string;
  /** The configuration it was started with, other keys of `Gateway` laid over. */
  readonly config: (gateway?: object, tls?: object) => GatewayConfig;
}

/** Writes PEM files of a certificate: `NAME.crt` and `NAME.key`. */
export async function writePair(folder: string, name: string, { cert, key }: IssuedCertificate): Promise<void> {
  await writeFile(join(folder, `${name}.crt`), cert);
  await writeFile(join(folder, `${name}.key`), key);
}

/** An empty folder, removed at the end of the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ocelot-tls-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Starts a gateway on a free port, ended at the end of the test. Certificates `first` (localhost, 127.0.0.1) and the
 * authority's own (`ca.crt`) are written before `prepare` is asked for further keys of `Gateway.Tls`.
 */
export async function secureGateway(
  options: {
    readonly gateway?: object;
    readonly prepare?: (folder: string) => Promise<object>;
    /** @default those of the command, but Consul */
    readonly plugins?: readonly Plugin[];
    /** @default an echo backend */
    readonly backendPort?: number;
  } = {},
): Promise<SecureGateway> {
  const folder = await temporaryFolder();
  await writePair(folder, 'first', authority.issue({ names: ['localhost', '127.0.0.1'] }));
  await writeFile(join(folder, 'ca.crt'), authority.cert);
  const tls = await options.prepare?.(folder);
  const backend = await echoBackend();
  onTestFinished(() => backend.close());
  const config = (gateway: object = {}, laidOver: object = {}): GatewayConfig =>
    readConfiguration({
      Routes: [
        {
          UpstreamPathTemplate: '/echo',
          DownstreamPathTemplate: '/',
          DownstreamScheme: 'ws',
          DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: options.backendPort ?? backend.port }],
        },
      ],
      GlobalConfiguration: {
        Gateway: {
          Drain: { DeadlineMs: 100, SpreadMs: 0 },
          ...options.gateway,
          ...gateway,
          Tls: { CertFile: join(folder, 'first.crt'), KeyFile: join(folder, 'first.key'), ...tls, ...laidOver },
        },
      },
    });
  const log = new MemoryLogger();
  const open = await openGateway({
    config: config(),
    plugins: options.plugins ?? [lb(), wsRelay(), httpRelay()],
    requireDiscovery: false,
    host: '127.0.0.1',
    port: 0,
    log,
    renewalIntervalMs: 20,
  });
  let closed: Promise<unknown> | undefined;
  const close = (): Promise<Awaited<ReturnType<OpenGateway['close']>>> => {
    const report = open.close();
    closed = report;
    return report;
  };
  onTestFinished(async () => void (await (closed ?? open.close())));
  const port = Number(new URL(open.url).port);
  return { open: { ...open, close }, port, log, backend, folder, config };
}

/** A TLS connection whose handshake is done, cut at the end of the test. */
export async function tlsConnection(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: authority.cert, servername: 'localhost', ...options });
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve).once('error', reject);
  });
  return socket;
}

/** An HTTP/2 connection whose SETTINGS have come, cut at the end of the test. */
export async function http2Session(port: number, options: SecureClientSessionOptions = {}): Promise<Http2Client> {
  const session = connectHttp2(`https://localhost:${port}`, { ca: authority.cert, ...options });
  onTestFinished(() => session.destroy());
  session.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    session.once('remoteSettings', () => resolve());
    session.once('close', () => reject(new Error('the session ended')));
  });
  return new Http2Client(session);
}
