// The proxies that can be measured, by name.
import { BenchError } from './bench-error.mjs';
import { haproxy } from './targets/haproxy.mjs';
import { nginx } from './targets/nginx.mjs';
import { nodePeer } from './targets/node-peer.mjs';
import { ocelot } from './targets/ocelot.mjs';

/**
 * @typedef {object} Target
 * @property {() => Promise<string>} prepare fetches or installs what is missing; tells the version
 * @property {(place: { port: number, backendPort: number, folder: string, cpu: number | undefined, log: string,
 *   routes?: number, nodeOptions?: string[] }) => Promise<{ pid: number, pids: () => number[], stop: () => Promise<void> }>} start
 * @property {(place: { folder: string }) => void} [verify] after some work: throws when it does not do what it is
 *   measured for
 * @property {boolean} [isOurs]
 */

const BIG_BUFFERS = 'proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k;';

/** No proxy: clients speak with the backend. What remains is the cost of the generator. */
const direct = { prepare: async () => 'none', start: undefined };

/** @type {Record<string, (dist?: string) => Target>} */
const TARGETS = {
  direct: () => direct,
  nginx: () => nginx(),
  'nginx-64k': () => nginx(BIG_BUFFERS),
  haproxy: () => haproxy,
  'http-proxy': () => nodePeer('http-proxy', 'http-proxy'),
  'http-proxy-3': () => nodePeer('http-proxy-3', 'http-proxy-3'),
  httpxy: () => nodePeer('httpxy', 'httpxy'),
  fastify: () => nodePeer('fastify', '@fastify/http-proxy'),
  'ws-relay': () => nodePeer('ws-relay', 'ws'),
  'ocelot-framed': (dist) => ocelot({ dist }),
  'ocelot-opaque': (dist) => ocelot({ dist, transfer: 'opaque' }),
  'ocelot-messages': (dist) => ocelot({ dist, isHooked: true }),
};

export const TARGET_NAMES = Object.keys(TARGETS);

/**
 * @param {string} spec name, for ours also `name@DIR` with the root of another checkout
 * @param {string} [dist] that root for names without one
 * @returns {Target}
 */
export function targetOf(spec, dist) {
  const [name, directory] = spec.split(/@(.*)/s);
  const make = Object.hasOwn(TARGETS, name) ? TARGETS[name] : undefined;
  if (make === undefined) throw new BenchError(`Unknown target "${spec}". There are: ${TARGET_NAMES.join(', ')}.`);
  if (directory !== undefined && !name.startsWith('ocelot-'))
    throw new BenchError(`"${spec}": only ocelot-… can come from another checkout.`);
  return make(directory ?? dist);
}
