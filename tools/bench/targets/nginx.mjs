// nginx with one worker, its defaults but for what WebSockets need. Each connection leaves a line in the access log, as
// ours does in its own.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { startProxy } from '../processes.mjs';
import { findServer } from './debian.mjs';

const configuration = ({ port, backendPort, folder, buffers }) => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr error;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 32000; }
http {
  access_log ${folder}/access.log;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://127.0.0.1:${backendPort};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_set_header Host $http_host;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
      ${buffers}
    }
  }
}
`;

/** @param {string} buffers directives about buffers; none for nginx's defaults */
export const nginx = (buffers = '') => ({
  prepare: () => findServer('nginx').then(({ version }) => version),
  async start({ port, backendPort, folder, cpu, log }) {
    const { path, env } = await findServer('nginx');
    await mkdir(folder, { recursive: true });
    const file = join(folder, 'nginx.conf');
    await writeFile(file, configuration({ port, backendPort, folder, buffers }));
    return startProxy({ command: [path, '-p', folder, '-c', file, '-e', 'stderr'], cpu, port, log, env });
  },
});
