import { array, assert, asyncProperty, constantFrom, string } from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type Admission,
  createGateway,
  type Endpoint,
  type Gateway,
  GatewayError,
  type GatewayRequest,
  type HeaderTransforms,
  type Plugin,
  type Route,
  TRACE_ID,
} from '../../src/index.js';
import { createGatewayRequest } from '../../src/routing/gateway-request.js';
import { config, endpoint, route } from '../make-route.js';

const BASE_URL = 'https://api.example.com';

const transformed = (transforms: Record<string, string>) =>
  Object.entries(transforms).map(([name, instruction]) => ({ name, instruction }));

const gatewayWith = (transforms: Partial<HeaderTransforms>, keys: Partial<Route> = {}, plugins: Plugin[] = []) => {
  const headerTransforms = { request: [], answer: [], ...transforms };
  const shaped = route('/{all}', { rewrite: { pathTemplate: '/{all}' }, headerTransforms, ...keys });
  const { settings } = config([]);
  return createGateway({ config: config([shaped], { settings: { ...settings, baseUrl: BASE_URL } }), plugins });
};

const requestWith = (
  rawHeaders: readonly string[] = [],
  keys: { readonly kind?: GatewayRequest['kind']; readonly tls?: boolean; readonly address?: string } = {},
): GatewayRequest =>
  createGatewayRequest({
    kind: keys.kind ?? 'http',
    method: 'GET',
    target: '/a',
    rawHeaders: ['Host', 'Gateway.test:8080', ...rawHeaders],
    client: { address: keys.address ?? '192.0.2.7', port: 1, tls: keys.tls ?? false },
  });

async function admitted<T>(
  gateway: Gateway,
  request: GatewayRequest,
  look: (admission: Admission) => T | Promise<T>,
): Promise<T> {
  const admission = await gateway.admit(request, new AbortController().signal);
  try {
    return await look(admission);
  } finally {
    admission.finish({ outcome: 'completed' });
    await gateway.drain({ deadlineMs: 0 });
  }
}

/** The headers for the backend, without those that tell about the client. */
const sent = async (
  transforms: Record<string, string>,
  rawHeaders: readonly string[] = [],
  keys: Parameters<typeof requestWith>[1] = {},
): Promise<readonly string[]> => {
  const gateway = await gatewayWith({ request: transformed(transforms) }, { forwardedHeaders: 'off' });
  return admitted(gateway, requestWith(rawHeaders, keys), ({ outgoing }) => outgoing.headers.raw);
};

describe('UpstreamHeaderTransform', () => {
  it('sets a header, in place of every line the client sent of that name', async () => {
    expect(await sent({ 'X-A': 'new' })).toEqual(['X-A', 'new']);
    expect(await sent({ 'X-A': 'new' }, ['x-a', '1', 'X-B', '2', 'X_A', '3'])).toEqual(['X-B', '2', 'X-A', 'new']);
  });

  it('replaces every occurrence of a text in a header that is there', async () => {
    expect(await sent({ 'X-A': 'o, 0' }, ['x-a', 'foo-bo'])).toEqual(['x-a', 'f00-b0']);
    expect(await sent({ 'X-A': 'o, 0' })).toEqual([]);
    expect(await sent({ 'X-A': 'q, 0' }, ['x-a', 'foo'])).toEqual(['x-a', 'foo']);
  });

  it('takes the text to find as it stands and what it becomes without blanks in front; a second comma ends it', async () => {
    expect(await sent({ 'X-A': ' o,  0 ' }, ['X-A', 'a o'])).toEqual(['X-A', 'a0 ']);
    expect(await sent({ 'X-A': 'a, b, c' }, ['X-A', 'a'])).toEqual(['X-A', 'b']);
    expect(await sent({ 'X-A': 'a,' }, ['X-A', 'bab'])).toEqual(['X-A', 'bb']);
  });

  it('takes what a header becomes for text, not for a pattern', async () => {
    expect(await sent({ 'X-A': '.*, $&$1' }, ['X-A', 'a.*b'])).toEqual(['X-A', 'a$&$1b']);
  });

  it('changes the first line of a header and keeps the others', async () => {
    expect(await sent({ 'X-A': 'a, b' }, ['X-A', 'aa', 'x-a', 'a'])).toEqual(['X-A', 'bb', 'x-a', 'a']);
  });

  it('replaces first and sets then, whatever stands first in the file', async () => {
    const gateway = await gatewayWith({
      request: [
        { name: 'X-A', instruction: 'new' },
        { name: 'x-a', instruction: 'n, m' },
      ],
    });
    const raw = await admitted(gateway, requestWith(['X-A', 'n']), ({ outgoing }) => outgoing.headers.get('X-A'));
    expect(raw).toBe('new');
  });

  it('knows {BaseUrl}, {RemoteIpAddress} and {UpstreamHost}', async () => {
    const transforms = { 'X-Base': '{BaseUrl}', 'X-Ip': '{RemoteIpAddress}', 'X-Host': '{UpstreamHost}' };
    const values = ['X-Base', BASE_URL, 'X-Ip', '192.0.2.7', 'X-Host', 'Gateway.test:8080'];
    expect(await sent(transforms)).toEqual(values);
    expect(await sent({ Referer: 'http://a, {BaseUrl}/b' }, ['Referer', 'http://a/c'])).toEqual([
      'Referer',
      `${BASE_URL}/b/c`,
    ]);
  });

  it('takes {RemoteIpAddress} for the client behind trusted proxies', async () => {
    const { settings } = config([]);
    const headerTransforms = { request: transformed({ 'X-Ip': '{RemoteIpAddress}' }), answer: [] };
    const gateway = await createGateway({
      config: config([route('/{all}', { headerTransforms })], {
        settings: { ...settings, trustedProxies: ['192.0.2.7'] },
      }),
    });
    const request = requestWith(['X-Forwarded-For', '198.51.100.9']);
    expect(await admitted(gateway, request, ({ outgoing }) => outgoing.headers.get('X-Ip'))).toBe('198.51.100.9');
  });

  it('removes the client’s header and sets none where a placeholder has no value (Ocelot: AddHeadersToRequest)', async () => {
    expect(await sent({ 'X-A': '{TraceId}' }, ['X-A', '1'])).toEqual([]);
    expect(await sent({ 'X-A': '{RemoteIpAddress}' }, ['X-A', '1'], { address: '' })).toEqual([]);
    expect(await sent({ 'X-A': '1, {TraceId}' }, ['X-A', '1'])).toEqual(['X-A', '1']);
  });

  it('does not look for placeholders inside a longer value', async () => {
    expect(await sent({ 'X-A': 'at {BaseUrl}' })).toEqual(['X-A', 'at {BaseUrl}']);
  });

  it('leaves the headers alone that the relay writes', async () => {
    const names = ['Host', 'Connection', 'Sec-WebSocket-Key', 'Sec_WebSocket_Protocol', 'Content-Length', 'Expect'];
    expect(await sent(Object.fromEntries(names.map((name) => [name, 'x'])))).toEqual([]);
  });

  it('holds for upgrades too', async () => {
    expect(await sent({ 'X-A': 'new' }, [], { kind: 'upgrade' })).toEqual(['X-A', 'new']);
  });

  it('replaces what Gateway.ForwardedHeaders wrote', async () => {
    const gateway = await gatewayWith({ request: transformed({ 'X-Forwarded-Host': 'public.example.com' }) });
    const host = await admitted(gateway, requestWith(), ({ outgoing }) => outgoing.headers.get('X-Forwarded-Host'));
    expect(host).toBe('public.example.com');
  });

  it('takes {TraceId} from what tracing left on the exchange', async () => {
    const plugin: Plugin = {
      name: 'tracing',
      setup: (to) =>
        to.stage({ name: 'tracing', phase: 'begin', forRoute: () => (exchange) => exchange.set(TRACE_ID, 'abc') }),
    };
    const transforms = {
      request: transformed({ 'X-Trace': '{TraceId}' }),
      answer: transformed({ 'X-T': '{TraceId}' }),
    };
    const gateway = await gatewayWith(transforms, {}, [plugin]);
    expect(
      await admitted(gateway, requestWith(), (admission) => [
        admission.outgoing.headers.get('X-Trace'),
        ...admission.answerHeaders(200, []),
      ]),
    ).toEqual(['abc', 'X-T', 'abc']);
  });

  it('stands under what a plugin writes in the transform phase', async () => {
    const plugin: Plugin = {
      name: 'claims',
      setup: (to) =>
        to.stage({
          name: 'claims',
          phase: 'transform',
          forRoute: () => (exchange) => exchange.outgoing.headers.set('X-User', 'of a claim'),
        }),
    };
    const gateway = await gatewayWith({ request: transformed({ 'X-User': 'of the file' }) }, {}, [plugin]);
    expect(await admitted(gateway, requestWith(), ({ outgoing }) => outgoing.headers.get('X-User'))).toBe('of a claim');
  });
});

/** The headers that the client gets. */
const answered = async (
  transforms: Record<string, string>,
  rawHeaders: readonly string[],
  keys: Partial<Route> & { readonly endpoint?: Endpoint; readonly tls?: boolean } = {},
): Promise<readonly string[]> => {
  const { endpoint: backend = endpoint(5001), tls = false, ...rest } = keys;
  const gateway = await gatewayWith(
    { answer: transformed(transforms) },
    { source: { kind: 'static', endpoints: [backend] }, ...rest },
  );
  return admitted(gateway, requestWith([], { tls }), (admission) => admission.answerHeaders(302, rawHeaders));
};

describe('DownstreamHeaderTransform', () => {
  it('adds a header that the backend did not write', async () => {
    expect(await answered({ 'X-A': 'new' }, ['X-B', '1'])).toEqual(['X-B', '1', 'X-A', 'new']);
    expect(await answered({ 'X-A': 'new' }, ['x-a', '1'])).toEqual(['x-a', '1']);
    expect(await answered({ 'X-A': '{TraceId}' }, [])).toEqual([]);
    expect(await answered({ 'X-A': '{BaseUrl}', 'X-Ip': '{RemoteIpAddress}' }, [])).toEqual([
      'X-A',
      BASE_URL,
      'X-Ip',
      '192.0.2.7',
    ]);
  });

  it('changes the first line of a header and keeps the others, so that no cookie is lost', async () => {
    const cookies = ['Set-Cookie', 'a=1; Domain=backend', 'Set-Cookie', 'b=2; Domain=backend'];
    expect(await answered({ 'Set-Cookie': 'Domain=backend, Domain=example.com' }, cookies)).toEqual([
      'Set-Cookie',
      'a=1; Domain=example.com',
      'Set-Cookie',
      'b=2; Domain=backend',
    ]);
  });

  const redirect = { Location: '{DownstreamBaseUrl}, {BaseUrl}' };

  it.each<[string, Endpoint, Route['scheme'], boolean, string]>([
    ['a plain backend', endpoint(5001), 'http', false, 'http://127.0.0.1:5001/a?b'],
    ['a plain backend of a ws route', endpoint(5001), 'ws', true, 'http://127.0.0.1:5001/a?b'],
    ['a plain backend at port 80', endpoint(80), 'http', false, 'http://127.0.0.1/a?b'],
    ['a TLS backend', endpoint(5001), 'https', false, 'https://127.0.0.1:5001/a?b'],
    ['a TLS backend at port 443', endpoint(443), 'wss', false, 'https://127.0.0.1/a?b'],
    ['a route without scheme and a client on TLS', endpoint(5001), undefined, true, 'https://127.0.0.1:5001/a?b'],
    ['an IPv6 backend', { ...endpoint(5001), host: '::1' }, 'http', false, 'http://[::1]:5001/a?b'],
    ['a Unix-domain socket', { ...endpoint(0), host: 'unix:/run/a.sock' }, 'http', false, 'http://localhost/a?b'],
  ])(
    'turns redirects of %s into its own (Ocelot: {DownstreamBaseUrl}, {BaseUrl})',
    async (_, backend, scheme, tls, location) => {
      expect(await answered(redirect, ['Location', location], { endpoint: backend, scheme, tls })).toEqual([
        'Location',
        `${BASE_URL}/a?b`,
      ]);
    },
  );

  it.each(['/a', 'https://login.example.com/', 'http://127.0.0.1:50011/'])(
    'leaves a redirect to %s as it is',
    async (location) => {
      expect(await answered(redirect, ['Location', location])).toEqual(['Location', location]);
    },
  );

  it('puts a slash behind what {DownstreamBaseUrl} becomes', async () => {
    const there = ['Location', 'http://127.0.0.1:5001/a'];
    expect(await answered({ Location: '{DownstreamBaseUrl}, http://b' }, there)).toEqual(['Location', 'http://b/a']);
    expect(await answered({ Location: '{DownstreamBaseUrl}, http://b/' }, there)).toEqual(['Location', 'http://b/a']);
    expect(await answered({ Location: 'http://127.0.0.1:5001, http://b' }, there)).toEqual(['Location', 'http://b/a']);
  });

  it('speaks of the endpoint that answered, not of the one that could not be reached', async () => {
    const gateway = await gatewayWith(
      { answer: transformed(redirect) },
      { scheme: 'http', source: { kind: 'static', endpoints: [endpoint(1), endpoint(2)] } },
    );
    const headers = await admitted(gateway, requestWith(), (admission) => {
      admission.nextLease(new GatewayError('OCELOT_ERR_BACKEND_UNREACHABLE'));
      const { host, port } = admission.lease.endpoint;
      expect(port).toBe(2);
      return admission.answerHeaders(302, ['Location', `http://${host}:${port}/x`]);
    });
    expect(headers).toEqual(['Location', `${BASE_URL}/x`]);
  });

  it('costs a route without transforms nothing: the list of the backend goes on as it is', async () => {
    const raw = ['X-A', '1'];
    expect(await answered({}, raw)).toBe(raw);
  });
});

describe('header transforms', () => {
  it('never make a line that is none, nor touch another header, whatever the file and the backend say', async () => {
    const piece = constantFrom(
      '{BaseUrl}',
      '{DownstreamBaseUrl}',
      '{',
      '}',
      ', ',
      ',',
      'a',
      'http://127.0.0.1:5001/',
      '\r\n',
      '\0',
      'é',
      '漢',
    );
    const instruction = array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''));
    const value = string({ unit: constantFrom('a', 'http://127.0.0.1:5001/', ',', ' ', '{', '}', 'é'), maxLength: 4 });
    await assert(
      asyncProperty(instruction, value, async (text, header) => {
        const changed = await answered({ 'X-A': text, 'X-B': text }, ['X-A', header, 'X-C', 'kept']);
        const [kept] = changed.flatMap((name, index) => (name === 'X-C' ? [changed[index + 1]] : []));
        expect(kept).toBe('kept');
        expect(new Set(changed.filter((_, index) => index % 2 === 0))).toEqual(
          new Set(changed.includes('X-B') ? ['X-A', 'X-B', 'X-C'] : ['X-A', 'X-C']),
        );
        for (const line of changed) expect(line).toMatch(/^[\t\x20-\x7e\x80-\xff]*$/);
      }),
      { numRuns: 200 },
    );
  });
});
