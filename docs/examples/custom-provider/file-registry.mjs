import { readFile } from 'node:fs/promises';

import { pollingProvider } from '@ocelot/core';

/** Finds services in a JSON file: `{ "chat": [{ "host": "127.0.0.1", "port": 8080 }] }`. */
export function fileRegistry() {
  return {
    name: 'file-registry',
    setup(registry) {
      registry.discovery('FileRegistry', ({ File = 'services.json', PollingInterval = 1000 }, { clock, random }) =>
        pollingProvider({
          clock,
          random,
          intervalMs: PollingInterval,
          async fetch(service, signal) {
            const services = JSON.parse(await readFile(File, { encoding: 'utf8', signal }));
            return services[service.name] ?? [];
          },
        }),
      );
    },
  };
}
