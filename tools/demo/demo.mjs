// `npm start`: two backends, the gateway on ocelot.json beside this file, and a page that opens sockets through it.
//
// Why it exists: a person with a fresh machine sees messages flow and the balancer alternate within a minute, without
// Consul, without an account. The gateway is the real command in a process of its own, as in production.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

import { startBackend } from './backend.mjs';

const FIRST_PORT = 5000;
const TRIES = 50;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Whether nobody listens on the port. */
function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

async function choosePort(first) {
  for (let port = first; port < first + TRIES; port += 1) {
    if (await isFree(port)) return port;
    console.log(`port ${port} is taken, trying ${port + 1}`);
  }
  return 0;
}

/** Environment that puts the backends' ports into both routes, as `ocelot run` reads it. */
function portsOf(backends) {
  const variables = {};
  for (const route of [0, 1])
    backends.forEach(({ port }, index) => {
      variables[`Routes__${route}__DownstreamHostAndPorts__${index}__Port`] = String(port);
    });
  return variables;
}

const backends = await Promise.all([startBackend('A', 7001), startBackend('B', 7002)]);
const port = process.env.PORT === '0' ? 0 : await choosePort(Number(process.env.PORT ?? FIRST_PORT));
const gateway = spawn(
  process.execPath,
  [
    here('../../packages/cli/dist/bin.js'),
    'run',
    here('ocelot.json'),
    '--plugin',
    here('page-plugin.mjs'),
    '--port',
    String(port),
    '--log-format',
    'pretty',
  ],
  // In a group of its own: Ctrl-C comes here first and is passed on once, not twice.
  { stdio: ['ignore', 'pipe', 'inherit'], detached: true, env: { ...process.env, ...portsOf(backends) } },
);

gateway.stdout.setEncoding('utf8');
gateway.stdout.on('data', (text) => {
  process.stdout.write(text);
  const url = /listening on (http:\S+)/.exec(text)?.[1];
  if (url === undefined) return;
  console.log(`
  Open ${url}/ in a browser, press "Open a socket" a few times, and watch the backends take turns.
  Or paste this into the console of that page:  new WebSocket('${url.replace('http', 'ws')}/chat/hello').onmessage = (m) => console.log(m.data)

  The gateway runs on tools/demo/ocelot.json. Ctrl-C ends everything.
`);
});

// The gateway closes its sockets with 1012, so the backends stay until it is gone. npm passes not every signal on: the
// death of the parent counts as one.
const parent = process.ppid;
const orphaned = setInterval(() => process.ppid !== parent && gateway.kill('SIGTERM'), 500);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => gateway.kill('SIGTERM'));
const [code] = await once(gateway, 'close').catch((error) => {
  console.error(`the gateway could not be started: ${error.message}`);
  return [1];
});
clearInterval(orphaned);
await Promise.all(backends.map((backend) => backend.close()));
process.exitCode = code ?? 1;
