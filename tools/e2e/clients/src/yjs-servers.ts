import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { ProcessBackend } from './process-backend.ts';

const PACKAGE = createRequire(import.meta.url).resolve('y-websocket-server/package.json');

/** The y-websocket server as its command starts it; documents live in its memory and die with it. */
export function yjsServers(count: 1 | 2): readonly ProcessBackend[] {
  return ['one', 'two'].slice(0, count).map(
    (name) =>
      new ProcessBackend(name, {
        program: { path: process.execPath, environment: process.env, version: process.version },
        prepare: async (folder, port) => {
          await writeFile(join(folder, '.env'), `HOST=127.0.0.1\nPORT=${port}\n`);
          return ['--env-file=.env', join(dirname(PACKAGE), 'bin/server.cjs')];
        },
      }),
  );
}
