import {
  ANSWER_PROTOCOL,
  type ClientCertificate,
  createGateway,
  createGatewayRequest,
  createUpgradeRequest,
  type Exchange,
  readConfiguration,
} from '@ocelot/core';

import type { Credentials, CredentialSource } from '../src/providers/provider.js';

/** What a request of these tests varies. */
export interface RequestShape {
  /** @default '/chat' */
  readonly target?: string;
  /** Name, value, …, beside Host. */
  readonly headers?: readonly string[];
  /** Offered subprotocols of an upgrade. */
  readonly protocols?: readonly string[];
  /** @default 'upgrade' */
  readonly kind?: 'upgrade' | 'http';
  readonly certificate?: ClientCertificate;
  /** @default '192.0.2.1' */
  readonly address?: string;
}

/** What came of it, on the way through a real pipeline. */
export interface Outcome {
  readonly found: Credentials | undefined;
  /** What `find` threw. */
  readonly error: unknown;
  /** What the backend gets after `strip`: path with query, and headers by lower-case name. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly answerProtocol: string | undefined;
}

/** Sends a request through a gateway of core whose one stage finds and strips. */
export async function throughGateway(source: CredentialSource, shape: RequestShape = {}): Promise<Outcome> {
  let found: Credentials | undefined;
  let error: unknown;
  const stage = (exchange: Exchange): void => {
    try {
      found = source.find(exchange);
    } catch (thrown) {
      error = thrown;
    }
    source.strip?.(exchange);
    source.strip?.(exchange);
  };
  const gateway = await createGateway({
    config: readConfiguration({
      Routes: [
        {
          UpstreamPathTemplate: '/{everything}',
          DownstreamPathTemplate: '/{everything}',
          DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: 9 }],
        },
      ],
    }),
    plugins: [
      {
        name: 'test',
        setup: (registry) => registry.stage({ name: 'test', phase: 'transform', forRoute: () => stage }),
      },
    ],
  });
  const admission = await gateway.admit(requestOf(shape), new AbortController().signal);
  const { path, query, headers } = admission.outgoing;
  const outcome = {
    found,
    error,
    target: `${path}${query}`,
    headers: byName(headers.raw),
    answerProtocol: admission.get(ANSWER_PROTOCOL),
  };
  admission.finish({ outcome: 'completed' });
  await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
  return outcome;
}

function requestOf(shape: RequestShape): Parameters<Awaited<ReturnType<typeof createGateway>>['admit']>[0] {
  const { kind = 'upgrade', protocols = [], headers = [], certificate } = shape;
  const offered = protocols.length === 0 ? [] : ['Sec-WebSocket-Protocol', protocols.join(', ')];
  const request = createGatewayRequest({
    kind,
    method: 'GET',
    target: shape.target ?? '/chat',
    rawHeaders: ['Host', 'example.com', ...offered, ...headers],
    client: { address: shape.address ?? '192.0.2.1', port: 50_000, tls: certificate !== undefined, certificate },
  });
  if (kind === 'http') return request;
  return createUpgradeRequest(request, { key: 'dGhlIHNhbXBsZSBub25jZQ==', protocols, extensions: undefined });
}

function byName(raw: readonly string[]): Readonly<Record<string, string>> {
  const names: Record<string, string> = {};
  for (let index = 0; index + 1 < raw.length; index += 2) {
    names[raw[index]?.toLowerCase() ?? ''] = raw[index + 1] ?? '';
  }
  return names;
}
