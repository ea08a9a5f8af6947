import type { UpgradeRequest } from '../src/index.js';

/** A request for tests of what never looks at a socket. */
export function request(
  overrides: Partial<UpgradeRequest> & { headers?: Record<string, string> } = {},
): UpgradeRequest {
  const { headers = {}, ...rest } = overrides;
  const all: Record<string, string> = { host: 'gateway.test', ...headers };
  return {
    kind: 'upgrade',
    method: 'GET',
    path: '/',
    query: '',
    host: 'gateway.test',
    authority: 'gateway.test',
    rawHeaders: Object.entries(all).flat(),
    header: (name) => all[name.toLowerCase()],
    client: { address: '192.0.2.1', port: 50_000, tls: false },
    key: 'dGhlIHNhbXBsZSBub25jZQ==',
    protocols: [],
    extensions: undefined,
    ...rest,
  };
}
