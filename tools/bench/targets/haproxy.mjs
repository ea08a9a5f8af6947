// HAProxy with one thread and its default buffers; no log, as without a syslog server.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { startProxy } from '../processes.mjs';
import { findServer } from './debian.mjs';

const configuration = ({ port, backendPort }) => `
global
  nbthread 1
  maxconn 9850
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
frontend in
  bind 127.0.0.1:${port} backlog 4096
  default_backend out
backend out
  server one 127.0.0.1:${backendPort}
`;

export const haproxy = {
  prepare: () => findServer('haproxy').then(({ version }) => version),
  async start({ port, backendPort, folder, cpu, log }) {
    const { path, env } = await findServer('haproxy');
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'haproxy.cfg');
    await writeFile(file, configuration({ port, backendPort }));
    return startProxy({ command: [path, '-db', '-f', file], cpu, port, log, env });
  },
};
