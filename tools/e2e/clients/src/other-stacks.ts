import type { Stack } from './stacks.ts';

/** Clients that are no packages of npm, or whose servers are not. Versions of Debian's programs: as they were last run. */
export const OTHER_STACKS: readonly Stack[] = [
  {
    name: 'Chromium',
    packages: [],
    versions: { Chromium: '150 and 156' },
    transports: ['WebSocket', 'WebSocket over HTTP/2', 'EventSource', 'fetch'],
    exercised:
      'a page of the gateway: 1 MB messages, permessage-deflate, subprotocols, close codes, allowed and refused origins, ' +
      'downloads read as they come, uploads as a stream, HttpOnly and SameSite, Close 1012 of a drain; its own log says ' +
      'which way it connected',
    sticky: 'AffinityCookie',
    restart: 'a page sees close code 1014 and connects again; EventSource goes on behind the last event by itself',
    files: ['quick/chromium.test.ts', 'full/chromium.test.ts'],
  },
  {
    name: 'undici over HTTP/2',
    packages: ['undici'],
    transports: ['WebSocket over HTTP/2'],
    exercised: 'two WebSockets in one connection, 3 MB messages, subprotocols, close codes, query; over wss only',
    restart: 'sees close code 1014 and connects again',
    files: ['quick/http2-sockets.test.ts', 'full/http2-sockets.test.ts'],
  },
  {
    name: 'Python websockets',
    packages: [],
    versions: { 'python3-websockets': '10.4' },
    transports: ['WebSocket'],
    exercised: 'text, 3 MB of bytes, permessage-deflate, subprotocols, close codes, query',
    restart: 'connects again by itself (`async for`)',
    files: ['quick/python.test.ts', 'full/python.test.ts'],
  },
  {
    name: 'Python websocket-client',
    packages: [],
    versions: { 'python3-websocket': '1.2.3' },
    transports: ['WebSocket'],
    exercised: 'text, 3 MB of bytes, subprotocols, close codes, query',
    restart: 'sees close code 1014 and connects again',
    files: ['quick/python.test.ts', 'full/python.test.ts'],
  },
  {
    name: 'MQTT.js, with Aedes',
    packages: ['mqtt', 'aedes'],
    transports: ['MQTT over WebSocket'],
    exercised: 'every quality of service, 200 kB messages, PINGREQ, last wills, retained messages',
    restart: 'connects and subscribes again by itself',
    files: ['quick/mqtt.test.ts', 'full/mqtt.test.ts'],
  },
  {
    name: 'MQTT.js, with Mosquitto',
    packages: ['mqtt'],
    versions: { mosquitto: '2.0.11' },
    transports: ['MQTT over WebSocket'],
    exercised: 'every quality of service, PINGREQ, last wills, retained messages',
    restart: 'connects and subscribes again by itself',
    files: ['full/mqtt.test.ts'],
  },
  {
    name: 'nats.ws, with NATS',
    packages: ['nats.ws'],
    versions: { 'nats-server': '2.9.10' },
    transports: ['NATS over WebSocket'],
    exercised: 'one server and a cluster of two: requests and replies, 500 kB messages, compression',
    restart: 'connects and subscribes again by itself',
    files: ['quick/nats.test.ts', 'full/nats.test.ts'],
  },
];
