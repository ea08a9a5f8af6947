// Situation: traced routes that trust callers differently, untraced ones, a collector and a Prometheus endpoint.
// Action: clients bring trace contexts of every kind, good and broken (W3C Trace Context), every way.
// Expected: the backend is handed the right context, the collector the right spans, and the counters are what happened.
import { eventually } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type OtlpReceiver, otlpReceiver } from '../../src/otlp-receiver.js';
import { type Lines, pipelineStand, type Reached, SOCKET_WAYS, type Way, WAYS } from './pipeline-stand.js';
import type { Seen } from './pipeline-witness.js';
import { route } from './stand.js';

let collector: OtlpReceiver;
beforeAll(async () => {
  collector = await otlpReceiver();
});

const traced = (path: string, port: number, Telemetry: object, extra: object = {}): object =>
  route(path, port, { Key: path.slice(1), Gateway: { Telemetry }, ...extra });

const subject = pipelineStand(
  (port) => ({
    Routes: [
      route('/traced/{secret}', port, {
        Key: 'traced',
        HttpHandlerOptions: { UseTracing: true },
        UpstreamHeaderTransform: { 'X-Trace': '{TraceId}' },
        DownstreamHeaderTransform: { 'X-Trace': '{TraceId}' },
      }),
      traced('/own', port, { Traces: true, TrustParent: 'never' }),
      traced('/proxies', port, { Traces: true, TrustParent: 'proxies' }),
      traced('/unsampled', port, { Traces: true, SampleRatio: 0 }),
      route('/plain', port, { UpstreamHeaderTransform: { 'X-Trace': '{TraceId}' } }),
      traced('/counted', port, { Traces: false }),
      traced('/uncounted', port, { Traces: false, Metrics: false }),
      traced('/refused', port, { Traces: true }, { SecurityOptions: { IPBlockedList: ['127.0.0.1'] } }),
    ],
    GlobalConfiguration: {
      RequestIdKey: 'X-Request-Id',
      Gateway: { Admin: { Port: 0 }, Telemetry: { Prometheus: true, Otlp: { Endpoint: collector.url } } },
    },
  }),
  [],
  { OTEL_BSP_SCHEDULE_DELAY: '50' },
);
// Behind the stand: hooks run in reverse, and the gateway is to be examined without connections to anybody.
afterAll(() => collector.close());

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const PARENT = `00-${TRACE}-${SPAN}-01`;
let count = 0;
/** A trace that no other test has. */
const freshTrace = (): string => (count += 1).toString(16).padStart(32, 'a');

async function handed(
  way: Way,
  path: string,
  headers: Lines,
): Promise<{ readonly seen: Seen; readonly reached: Reached }> {
  const reached = await subject.reach(way, path, headers);
  return { reached, seen: await subject.witness.seen(reached.id) };
}

const FRESH = /^00-(?!0{32})(?!0af7651916cd43dd8448eb211c80319c)[\da-f]{32}-(?!0{16})[\da-f]{16}-0[01]$/;

describe.each(WAYS)('a %s', (way) => {
  it.each([
    ['recorded', '01', '01'],
    ['not recorded', '00', '00'],
    ['with flags of the future (W3C Trace Context §3.2.2.5)', 'ff', '01'],
  ])('continues a trace that is %s: its id, a span of its own, its decision', async (_what, flags, expected) => {
    const { seen, reached } = await handed(way, '/traced/x', {
      traceparent: `00-${TRACE}-${SPAN}-${flags}`,
      tracestate: 'vendor=1,other=2',
      baggage: 'user=7',
    });
    const [version, trace, span, sampled, ...more] = (seen.headers['traceparent'] as string).split('-');
    expect([version, trace, more]).toEqual(['00', TRACE, []]);
    expect(span).toMatch(/^[\da-f]{16}$/);
    expect(span).not.toBe(SPAN);
    expect(Number.parseInt(sampled ?? '', 16) & 1).toBe(Number(expected));
    expect([seen.headers['tracestate'], seen.headers['baggage']]).toEqual(['vendor=1,other=2', 'user=7']);
    expect([seen.headers['x-trace'], reached.get('x-trace')]).toEqual([TRACE, TRACE]);
    expect(await subject.leave(reached)).toMatchObject({ traceId: TRACE });
  });

  it('continues a trace of a later version (W3C Trace Context §4.3)', async () => {
    const { seen } = await handed(way, '/traced/x', { traceparent: `01-${TRACE}-${SPAN}-01-more` });
    expect(seen.headers['traceparent']).toMatch(new RegExp(`^00-${TRACE}-(?!${SPAN})[\\da-f]{16}-01$`));
  });

  it.each([
    ['there is none', undefined],
    ['it is empty', ''],
    ['its trace is all zeros', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['its span is all zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['its version is ff', `ff-${TRACE}-${SPAN}-01`],
    ['it is in capitals', PARENT.toUpperCase()],
    ['it is too short', PARENT.slice(0, -1)],
    ['version 00 has more behind it', `${PARENT}-more`],
    ['it is no hexadecimal', PARENT.replaceAll('a', 'g')],
  ])(
    'begins a trace of its own where %s, and leaves tracestate behind (W3C Trace Context §4.3)',
    async (_what, traceparent) => {
      const { seen, reached } = await handed(way, '/traced/x', { traceparent, tracestate: 'vendor=1' });
      expect(seen.all('traceparent')).toEqual([expect.stringMatching(FRESH)]);
      expect(seen.headers['tracestate']).toBeUndefined();
      const [, trace] = String(seen.headers['traceparent']).split('-');
      expect(seen.headers['x-trace']).toBe(trace);
      expect(await subject.leave(reached)).toMatchObject({ traceId: trace });
    },
  );

  it.each([
    ['/own', 'nobody is trusted'],
    ['/proxies', 'proxies are trusted, and this is none'],
  ])('on %s begins a trace of its own, since %s; baggage passes', async (path) => {
    const { seen } = await handed(way, path, { traceparent: PARENT, tracestate: 'vendor=1', baggage: 'user=7' });
    expect(seen.all('traceparent')).toEqual([expect.stringMatching(FRESH)]);
    expect([seen.headers['tracestate'], seen.headers['baggage']]).toEqual([undefined, 'user=7']);
  });

  it('hands on ids where nothing is recorded', async () => {
    const { seen } = await handed(way, '/unsampled', {});
    expect(seen.headers['traceparent']).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
  });

  it('on an untraced route keeps what it brings as it is, and {TraceId} sets no header', async () => {
    const broken = { traceparent: 'nonsense', tracestate: 'vendor=1', baggage: 'a=b', 'X-Trace': 'forged' };
    const { seen, reached } = await handed(way, '/plain', broken);
    expect([seen.headers['traceparent'], seen.headers['tracestate'], seen.headers['baggage']]).toEqual([
      'nonsense',
      'vendor=1',
      'a=b',
    ]);
    expect(seen.headers['x-trace']).toBeUndefined();
    expect(await subject.leave(reached)).not.toHaveProperty('traceId');
    const without = await handed(way, '/plain', {});
    expect(without.seen.headers['traceparent']).toBeUndefined();
  });

  it('is a server span with its attempt below it, without path, query or address', async () => {
    const trace = freshTrace();
    const reached = await subject.reach(way, '/traced/my-secret?token=hidden', {
      traceparent: `00-${trace}-${SPAN}-01`,
    });
    await subject.leave(reached);
    const spans = await eventually(() => {
      const found = collector.spans.filter(({ traceId }) => traceId === trace);
      return found.some(({ parentSpanId }) => parentSpanId === SPAN) && found;
    }, 'the spans of the trace arrive');
    const server = spans.find(({ parentSpanId }) => parentSpanId === SPAN);
    expect(server?.name).toMatch(/^(?:GET|CONNECT) \/traced\/\{secret\}$/);
    expect(server?.attributes).toMatchObject({
      'http.route': '/traced/{secret}',
      // Over HTTP/2 too, where the wire says 200: an opened socket is one status everywhere.
      'http.response.status_code': way.startsWith('GET') ? '200' : '101',
      'url.scheme': 'https',
    });
    expect(spans.length).toBe(way.startsWith('GET') ? 2 : 3);
    expect(collector.text()).not.toMatch(/my-secret|hidden/);
    expect(server?.attributes).not.toHaveProperty('client.address');
  });

  it('that is refused is a span with its status', async () => {
    const trace = freshTrace();
    await subject.reach(way, '/refused', { traceparent: `00-${trace}-${SPAN}-01` });
    const server = await eventually(() => collector.spans.find(({ traceId }) => traceId === trace), 'the span arrives');
    expect(server.attributes).toMatchObject({ 'http.response.status_code': '403', 'error.type': expect.any(String) });
  });
});

describe('the metrics of a route', () => {
  /** The sum of the samples of a metric whose labels fit. */
  async function sum(metric: string, ...labels: readonly RegExp[]): Promise<number> {
    const { text } = await subject.control('GET', '/metrics');
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${metric}{`) && labels.every((label) => label.test(line)))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }
  const COUNTED = /ocelot_route="counted"/;

  it('are what happened: sockets, messages, bytes, upgrades and closes by side and code', async () => {
    const clients = [];
    for (const way of [...SOCKET_WAYS, ...SOCKET_WAYS]) clients.push(await subject.enter(way, '/counted'));
    for (const client of clients) {
      for (const text of ['four', 'more']) {
        client.say(text);
        expect(await client.hear()).toBe(text);
      }
    }
    expect(await sum('ocelot_websocket_connections', COUNTED)).toBe(4);
    for (const client of clients.slice(0, 3)) {
      client.connection.send(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]));
      expect((await client.close()).code).toBe(1000);
      await subject.leave(client);
    }
    for (const answer of ['403', '500']) await subject.reach('upgrade over HTTP/1.1', `/counted?answer=${answer}`);
    expect(await sum('ocelot_websocket_connections', COUNTED)).toBe(1);
    expect(await sum('ocelot_websocket_messages_total', COUNTED)).toBe(16);
    expect(await sum('ocelot_websocket_upgrades_total', COUNTED)).toBe(6);
    expect(await sum('ocelot_websocket_upgrades_total', COUNTED, /status_code="403"/)).toBe(1);
    expect(
      await sum('ocelot_websocket_closes_total', COUNTED, /ocelot_close_code="1000"/, /ocelot_side="client"/),
    ).toBe(3);
    expect(await sum('ocelot_websocket_session_duration_seconds_count', COUNTED)).toBe(3);
    expect(await sum('ocelot_endpoint_attempts_total', COUNTED)).toBe(6);
    expect(await sum('ocelot_endpoint_in_flight', COUNTED)).toBe(1);
  });

  it('are what happened: plain requests by method and status', async () => {
    const before = await sum('http_server_request_duration_seconds_count', /http_route="\/counted"/);
    for (const answer of ['', '404', '404']) await subject.reach('GET over HTTP/1.1', `/counted?answer=${answer}`);
    await subject.reach('GET over HTTP/2', '/counted', {}, 'OPTIONS');
    const of = (...labels: readonly RegExp[]): Promise<number> =>
      sum('http_server_request_duration_seconds_count', /http_route="\/counted"/, ...labels);
    expect([before, await of(), await of(/status_code="404"/), await of(/method="OPTIONS"/)]).toEqual([0, 4, 2, 1]);
  });

  it('are left out where the route says so', async () => {
    for (const way of WAYS) await subject.leave(await subject.reach(way, '/uncounted'));
    const { text } = await subject.control('GET', '/metrics');
    expect(text.includes('uncounted')).toBe(false);
  });

  it('have no series of what clients made up', async () => {
    await subject.reach('GET over HTTP/1.1', '/counted?made=up', {}, 'PROPFIND');
    await subject.reach('GET over HTTP/2', '/counted?made=up', {}, 'REPORT');
    await subject.reach('GET over HTTP/1.1', '/made/up/path');
    const { text } = await subject.control('GET', '/metrics');
    expect(['PROPFIND', 'REPORT', 'made', 'gateway.test'].filter((word) => text.includes(word))).toEqual([]);
    expect(text.includes('http_request_method="_OTHER"')).toBe(true);
  });
});
