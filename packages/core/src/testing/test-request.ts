import type { GatewayRequest } from '../contracts/request.js';

/** What a {@link testRequest} may differ in. */
export interface TestRequestOptions {
  /** @default "/" */
  readonly path?: string;
  /** With its leading `?`. @default "" */
  readonly query?: string;
  /** One value per name. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** The client's IP address. @default "192.0.2.1" */
  readonly clientAddress?: string;
  /** Whether the client's connection is encrypted. @default false */
  readonly tls?: boolean;
}

/** A WebSocket upgrade request to `example.com`, for tests of policies and stages. Frozen. */
export function testRequest(options: TestRequestOptions = {}): GatewayRequest {
  const headers = Object.entries({ host: 'example.com', ...options.headers });
  const byName = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
  return Object.freeze({
    kind: 'upgrade',
    method: 'GET',
    path: options.path ?? '/',
    query: options.query ?? '',
    host: 'example.com',
    authority: 'example.com',
    rawHeaders: headers.flat(),
    header: (name: string) => byName.get(name.toLowerCase()),
    client: { address: options.clientAddress ?? '192.0.2.1', port: 50_000, tls: options.tls ?? false },
  });
}
