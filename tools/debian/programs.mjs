// The programs of other projects that the client tests need, and where each may come from.
//
// Why it exists: a gateway is proved by software that its authors did not write. What npm does not carry is named here,
// once, for the fetcher, for the tests and for the page of tested clients.

/**
 * - `variable`: names the program on machines that keep it elsewhere
 * - `command`: what it is called on PATH; `alsoCalled`: other names there that do as well
 * - `packages`: Debian's, `inside` is the program's path in them; `isAlone`: of the only package nothing but that file
 *   is kept, and what it depends on is not fetched
 * - `probe`: arguments that end at once and print versions, `exitCodes` with which of them it may end
 * - `limitMs`: how long finding it may take in all
 */
export const PROGRAMS = {
  'nats-server': {
    variable: 'OCELOT_NATS_SERVER',
    command: 'nats-server',
    packages: ['nats-server'],
    inside: 'usr/sbin/nats-server',
    probe: ['--version'],
    exitCodes: [0],
    limitMs: 60_000,
  },
  mosquitto: {
    variable: 'OCELOT_MOSQUITTO',
    command: 'mosquitto',
    packages: ['mosquitto'],
    inside: 'usr/sbin/mosquitto',
    probe: ['-h'],
    exitCodes: [0, 1, 3],
    limitMs: 60_000,
  },
  /** Debian's python3-websockets and python3-websocket are pure Python: any python3 of the machine may import them. */
  python: {
    variable: 'OCELOT_PYTHON',
    command: 'python3',
    packages: ['python3-websockets', 'python3-websocket'],
    inside: 'usr/bin/python3',
    probe: [
      '-c',
      'import platform, websocket, websockets.version as w; ' +
        'print("websockets", w.version, "websocket-client", websocket.__version__, "Python", platform.python_version())',
    ],
    exitCodes: [0],
    limitMs: 60_000,
  },
  /** The store that several gateways share: 7 MB unpacked. Valkey answers the same commands. */
  'redis-server': {
    variable: 'OCELOT_REDIS_SERVER',
    command: 'redis-server',
    alsoCalled: ['valkey-server'],
    packages: ['redis-server', 'redis-tools'],
    inside: 'usr/bin/redis-server',
    probe: ['--version'],
    exitCodes: [0],
    limitMs: 60_000,
  },
  /** Prometheus' own reader of metrics: 48 MB, the only file that is kept of its 19 MB package. */
  promtool: {
    variable: 'OCELOT_PROMTOOL',
    command: 'promtool',
    packages: ['prometheus'],
    isAlone: true,
    inside: 'usr/bin/promtool',
    probe: ['--version'],
    exitCodes: [0],
    limitMs: 90_000,
  },
  /** With the libraries that a server has not: 110 MB where a desktop is installed, 230 MB on a bare machine. */
  chromium: {
    variable: 'OCELOT_CHROMIUM',
    command: 'chromium',
    packages: ['chromium'],
    inside: 'usr/lib/chromium/chromium',
    probe: ['--version'],
    exitCodes: [0],
    limitMs: 180_000,
  },
};
