// Ours: the built command `ocelot run` as a user starts it, every default in force, log at its default level
// into a file.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { BenchError } from '../bench-error.mjs';
import { ROOT } from '../cache.mjs';
import { commit } from '../machine.mjs';
import { startProxy } from '../processes.mjs';
import { HOOKED } from './identity-plugin.mjs';

const PLUGIN = fileURLToPath(new URL('identity-plugin.mjs', import.meta.url));

/** The measured route and as many others as are wanted, in front of it. */
export function configuration({ backendPort, transfer, routes = 1 }) {
  const route = (path) => ({
    UpstreamPathTemplate: path,
    DownstreamPathTemplate: path,
    DownstreamScheme: 'ws',
    DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: backendPort }],
    ...(transfer === undefined ? {} : { Gateway: { Transfer: transfer } }),
  });
  // Half of the others are literal, half have a placeholder: the table keeps the two apart.
  const others = Array.from({ length: routes - 1 }, (_, index) =>
    route(index % 2 === 0 ? `/other/literal-${index}` : `/other-${index}/{rest}/end`),
  );
  return { Routes: [...others, route('/bench')] };
}

/**
 * @param {{ transfer?: string, dist?: string, isHooked?: boolean }} how `dist`: root of a checkout that is built, this
 *   one by default; `isHooked`: a plugin hooks every message, which is what messages mode is
 */
export const ocelot = ({ transfer, dist, isHooked = false } = {}) => {
  const root = dist === undefined ? ROOT : resolve(dist);
  const command = join(root, 'packages', 'cli', 'dist', 'bin.js');
  return {
    isOurs: true,
    async prepare() {
      if (!existsSync(command))
        throw new BenchError(`${command} is missing: run "npm run build" in that checkout first.`);
      return commit(root);
    },
    async start({ port, backendPort, folder, cpu, log, routes, nodeOptions = [] }) {
      await mkdir(folder, { recursive: true });
      const file = join(folder, 'ocelot.json');
      await writeFile(file, JSON.stringify(configuration({ backendPort, transfer, routes }), undefined, 2));
      const words = ['run', file, '--port', String(port), ...(isHooked ? ['--plugin', PLUGIN] : [])];
      return startProxy({
        command: [process.execPath, ...nodeOptions, command, ...words],
        cpu,
        port,
        log,
        cwd: folder,
      });
    },
    verify({ folder }) {
      if (isHooked && !existsSync(join(folder, HOOKED)))
        throw new BenchError('This build never asked for the message hook: it has no messages mode to be measured.');
    },
  };
};
