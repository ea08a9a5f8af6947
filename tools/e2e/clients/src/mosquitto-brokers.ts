import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from '../../src/free-port.ts';

import { mqttVisitor } from './mqtt-client.ts';
import type { NeededProgram } from './needed-program.ts';
import { ProcessBackend } from './process-backend.ts';

/**
 * Mosquitto brokers with a WebSocket listener each, which is what stands behind the gateway. Each keeps the retained
 * message `broker/name` with its name, so that clients know who they are connected to.
 */
export function mosquittoBrokers(program: NeededProgram, count: 1 | 2): readonly ProcessBackend[] {
  return ['one', 'two'].slice(0, count).map(
    (name) =>
      new ProcessBackend(name, {
        program,
        prepare: async (folder, port) => {
          // Mosquitto 2.0.11 serves no WebSocket when that is its only listener.
          const plain = await freePort();
          const lines = [
            'allow_anonymous true',
            'user root',
            `listener ${port} 127.0.0.1`,
            'protocol websockets',
            `listener ${plain} 127.0.0.1`,
          ];
          await writeFile(join(folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
          return ['-c', 'mosquitto.conf'];
        },
        started: async (port) => {
          const visitor = await mqttVisitor(`ws://127.0.0.1:${port}/mqtt`);
          await visitor.client.publishAsync('broker/name', name, { qos: 1, retain: true });
          await visitor.end();
        },
      }),
  );
}
