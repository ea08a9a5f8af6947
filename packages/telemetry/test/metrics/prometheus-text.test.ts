import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

import { eventually } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { findProgram } from '../../../../tools/debian/fetch.mjs';
import { METRICS } from '../../src/metrics/catalogue.js';
import { leave, samplesOf, type Stand, type StandOptions, stands, talk } from '../telemetry-stand.js';

const stand = stands();
const found = await findProgram('promtool');
if (!('path' in found)) {
  if (process.env['CI']) throw new Error(`no promtool, and in CI nothing is skipped: ${found.reason}`);
  process.stderr.write(`\nSKIPPED: every test that needs promtool. ${found.reason}\n`);
}

/** Names that the text has beside those of a histogram itself. */
const PARTS = ['_bucket', '_sum', '_count'];

/** A text with a series of every metric. */
async function fullText({ gateway, get, open, metrics, samples }: Stand): Promise<string> {
  await get('/api/a', {}, 'POST');
  const client = await open('/chat/a');
  await talk(client, 'hello');
  await leave(client, 1000);
  const endpoint = { host: '10.0.0.1', port: 80, weight: 1, tags: [], metadata: {} };
  const service = { name: 'chat', namespace: '' };
  gateway.record({ type: 'breaker.changed', routeId: 'chat', endpoint, state: 'open' });
  gateway.record({ type: 'endpoint.changed', routeId: 'chat', endpoint, state: 'healthy', reason: 'a "check"\\' });
  gateway.record({ type: 'dependency.changed', name: 'jwks', isUp: true, error: undefined });
  gateway.record({ type: 'endpoints.changed', service, endpoints: [endpoint] });
  gateway.record({ type: 'discovery.failed', service, error: new Error('gone') });
  gateway.record({ type: 'drain.started', sessions: 0 });
  gateway.record({
    type: 'limit.reached',
    exchangeId: '',
    routeId: 'quote " backslash \\ line \n end',
    limit: 'bytes',
    action: 'pause',
    direction: 'to-client',
  });
  await eventually(
    async () => Object.values(await samples('ocelot_websocket_connections')).join() === '0',
    'the socket is closed',
  );
  return (await metrics()).body;
}

/** What promtool says of a text. */
async function lint(promtool: Extract<typeof found, { path: string }>, text: string): Promise<object> {
  const env = { ...process.env, ...promtool.environment };
  const child = spawn(promtool.path, ['check', 'metrics'], { env });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => void (said += String(chunk)));
  child.stderr.on('data', (chunk: Buffer) => void (said += String(chunk)));
  child.stdin.end(text);
  const [code] = (await once(child, 'close')) as [number];
  return { said, code };
}

/** With a service that a registry knows, so that its name is one of the configuration. */
const OPTIONS: StandOptions = {
  telemetry: { Prometheus: true, ServiceName: 'edge', Resource: { 'deployment.environment.name': 'test' } },
  global: { ServiceDiscoveryProvider: { Type: 'Fixed', Host: 'registry.test', Port: 1 } },
  routes: [{}, {}, { UpstreamPathTemplate: '/found', DownstreamPathTemplate: '/', ServiceName: 'chat' }],
  plugins: [
    {
      name: 'fixed',
      setup: (registry) =>
        registry.discovery('Fixed', () => ({
          subscribe(_service, observer) {
            queueMicrotask(() => observer.next([]));
            return { unsubscribe() {} };
          },
          close: () => Promise.resolve(),
        })),
    },
  ],
};

describe('GET /metrics', () => {
  it('is text that answers as version 0.0.4', async () => {
    const { metrics } = await stand(OPTIONS);
    const { status, contentType, body } = await metrics();
    expect([status, contentType]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    const target = body.split('\n').find((line) => line.startsWith('target_info{'));
    expect(target).toContain('service_name="edge"');
    expect(target).toContain('deployment_environment_name="test"');
    expect(target).not.toContain('ocelot_worker');
  });

  it('names units and totals as Prometheus wants them', async () => {
    const text = await fullText(await stand(OPTIONS));
    expect(text).toContain('# TYPE http_server_request_duration_seconds histogram');
    expect(text).toContain('# TYPE ocelot_websocket_io_bytes_total counter');
    expect(text).toContain('# TYPE process_memory_usage_bytes gauge');
    expect(text).toContain('# TYPE ocelot_websocket_connections gauge');
  });

  it('has every metric of the catalogue, each with a help text', async () => {
    const text = await fullText(await stand(OPTIONS));
    const missing = Object.values(METRICS).filter(({ name }) => !text.includes(`# HELP ${name.replaceAll('.', '_')}`));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  it.skipIf(!('path' in found))("passes Prometheus' own parser and linter", async () => {
    if (!('path' in found)) return;
    const text = await fullText(await stand(OPTIONS));
    expect(await lint(found, text)).toEqual({ said: '', code: 0 });
  });

  it('is one text of several workers, each with series of its own', async () => {
    const texts = [];
    for (const index of [0, 1]) texts.push(await stand({ ...OPTIONS, member: { index, size: 2 } }));
    const bodies = [];
    for (const one of texts) bodies.push({ ...(await one.metrics()), body: await fullText(one) });
    const control = texts[0]?.gateway.controls.find(({ path }) => path === '/metrics');
    const merged = control?.merge?.([...bodies, { status: 500, contentType: 'text/plain', body: 'no' }]);
    const text = merged?.body ?? '';
    expect(samplesOf(text, 'ocelot_config_revision')).toEqual({ '{ocelot_worker="1"}': 1, '{ocelot_worker="2"}': 1 });
    expect(text.match(/^# TYPE ocelot_websocket_io_bytes_total/gm)).toHaveLength(1);
    if ('path' in found) expect(await lint(found, text)).toEqual({ said: '', code: 0 });
  });
});

describe('docs/grafana/ocelot.json', () => {
  it('asks only for metrics that there are', async () => {
    const text = await fullText(await stand(OPTIONS));
    const known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
    const dashboard = readFileSync(new URL('../../../../docs/grafana/ocelot.json', import.meta.url), 'utf8');
    const { panels } = JSON.parse(dashboard) as { panels: { targets?: { expr: string }[] }[] };
    const asked = panels.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr }) => expr.match(/\b(?:ocelot|http|process|nodejs)_[a-z0-9_]+(?=\{)/g) ?? []),
    );
    const names = asked.map((name) => name.replace(new RegExp(`(${PARTS.join('|')})$`), ''));
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });
});
