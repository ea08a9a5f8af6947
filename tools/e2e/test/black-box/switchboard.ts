import { eventually, scriptedBackend, type BackendConnection, type RawHead } from '@ocelot/test-support';
import type { TlsOptions } from 'node:tls';

/** One request that reached the backend: what it said, and the connection to answer on. */
export interface Call {
  readonly connection: BackendConnection;
  readonly head: RawHead;
}

/** A backend whose connections are told apart by their request target, so that tests can share it. */
export interface Switchboard {
  readonly port: number;
  /** Connections so far. */
  readonly connections: readonly BackendConnection[];
  /** Requests so far. */
  readonly calls: readonly Call[];
  /** Waits for the request with this target. */
  call(target: string): Promise<Call>;
  /** Whether a request with this target came. */
  has(target: string): boolean;
  close(): Promise<void>;
}

/** Starts one. It reads the head of every request and says nothing. */
export async function switchboard(options: { readonly tls?: TlsOptions } = {}): Promise<Switchboard> {
  const calls: Call[] = [];
  const find = (target: string): Call | undefined => calls.find(({ head }) => head.target === target);
  const backend = await scriptedBackend(async (connection) => {
    calls.push({ connection, head: await connection.readHead() });
  }, options);
  return {
    port: backend.port,
    connections: backend.connections,
    calls,
    call: (target) => eventually(() => find(target), `a request for ${target} reaches the backend`),
    has: (target) => find(target) !== undefined,
    close: () => backend.close(),
  };
}
