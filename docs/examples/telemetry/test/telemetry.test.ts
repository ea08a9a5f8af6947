import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly events?: readonly { readonly name: string }[];
}

interface Traces {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
}

/** A collector: keeps the spans it is sent. */
async function collector(): Promise<{ readonly url: string; readonly spans: Span[] }> {
  const spans: Span[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => void (body += String(chunk)));
    request.once('end', () => {
      if (request.url === '/v1/traces') {
        const { resourceSpans } = JSON.parse(body) as Traces;
        spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      }
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as { readonly port: number }).port}`, spans };
}

it('traces a socket and counts it', async () => {
  const { url, spans } = await collector();
  const backend = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => backend.close());
  const parents: unknown[] = [];
  backend.on('connection', (socket, request) => {
    parents.push(request.headers['traceparent']);
    socket.on('message', (data) => socket.send(data));
  });
  await once(backend, 'listening');
  const bin = createRequire(import.meta.url)
    .resolve('@ocelot/cli')
    .replace('index.js', 'bin.js');
  const gateway = spawn(process.execPath, [bin, 'run', '--port', '0', '--log-format', 'json'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: {
      ...process.env,
      Routes__0__DownstreamHostAndPorts__0__Port: String((backend.address() as { readonly port: number }).port),
      GlobalConfiguration__Gateway__Admin__Port: '0',
      GlobalConfiguration__Gateway__Telemetry__Otlp__Endpoint: url,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const gone = once(gateway, 'exit');
  onTestFinished(() => void gateway.kill('SIGKILL'));
  let log = '';
  gateway.stderr.on('data', (text: Buffer) => void (log += String(text)));
  const [line] = (await once(gateway.stdout, 'data')) as [Buffer];

  const client = new WebSocket(`${String(line).trim().replace('listening on http', 'ws')}/chat/lobby`);
  await once(client, 'open');
  client.send('hello');
  await once(client, 'message');
  const admin = await vi.waitFor(() => /"url":"(http:[^"]+)"[^\n]*control address open/.exec(log)?.[1] ?? fail(log));
  const metrics = await (await fetch(new URL('/metrics', admin))).text();
  expect(metrics).toContain('ocelot_websocket_connections{ocelot_route="chat"} 1');
  expect(metrics).toContain('ocelot_websocket_messages_total{ocelot_route="chat",ocelot_direction="to-client"} 1');
  client.close(1000);
  await once(client, 'close');
  // The backend's side ends later: a session that is still open would have the drain among its events.
  await vi.waitFor(() => expect(log).toContain('session closed'));

  gateway.kill('SIGTERM');
  expect((await gone)[0]).toBe(0);
  const whole = spans.find(({ name }) => name === 'GET /chat/{room}');
  expect(whole?.events?.map(({ name }) => name)).toEqual(['message', 'message', 'close']);
  expect(spans.map(({ name }) => name).toSorted()).toEqual(['GET', 'GET /chat/{room}', 'handshake']);
  expect(parents[0]).toContain(whole?.traceId);
});

function fail(log: string): never {
  throw new Error(`no control address in the log: ${log}`);
}
