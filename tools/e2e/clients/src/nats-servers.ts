import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from '../../src/free-port.ts';

import type { NeededProgram } from './needed-program.ts';
import { ProcessBackend } from './process-backend.ts';

/**
 * NATS servers with a WebSocket listener each, which is what stands behind the gateway. Two of them are one cluster: what
 * is published at one is received at the other. They tell clients of no other address: the way in is the gateway.
 */
export async function natsServers(program: NeededProgram, count: 1 | 2): Promise<readonly ProcessBackend[]> {
  const names = ['one', 'two'].slice(0, count);
  const clusterPorts = await Promise.all(names.map(() => freePort()));
  const routes = clusterPorts.map((port) => `nats-route://127.0.0.1:${port}`).join(', ');
  return names.map((name, index) => {
    const cluster = [
      `cluster { name: ocelot, host: 127.0.0.1, port: ${clusterPorts[index]},`,
      `  no_advertise: true, connect_retries: 50, routes: [${routes}] }`,
    ];
    return new ProcessBackend(name, {
      program,
      prepare: async (folder, port) => {
        const lines = [
          `server_name: ${name}`,
          'host: 127.0.0.1',
          'port: -1',
          `websocket { host: 127.0.0.1, port: ${port}, no_tls: true, compression: true }`,
          ...(count === 1 ? [] : cluster),
        ];
        await writeFile(join(folder, 'nats.conf'), `${lines.join('\n')}\n`);
        return ['--config', 'nats.conf'];
      },
    });
  });
}
