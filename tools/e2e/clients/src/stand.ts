import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { TEST_CERTIFICATE } from '@ocelot/test-support';

import { runOcelot, temporaryFolder, type RunningOcelot } from '../../src/run-ocelot.ts';

import type { ConsulService } from './consul-service.ts';
import { RealBackend, type Attach, type StackBackend } from './real-backend.ts';

/** The gateway's certificate: the workers that run the tests trust it by `NODE_EXTRA_CA_CERTS`. */
export const CERTIFICATE_FILE: string = fileURLToPath(new URL('../certificate.pem', import.meta.url));

/** How a client reaches the gateway, and how many servers stand behind it. */
export interface Layout {
  /** Whether clients speak TLS with the gateway. */
  readonly secure: boolean;
  readonly backends: 1 | 2;
}

/** What a test asks for. */
export interface StandOptions extends Layout, GatewayKeys {
  readonly attach: Attach;
}

/** What a test writes into `ocelot.json` besides what every stand has. */
export interface GatewayKeys {
  /** Keys of the route besides its paths and hosts: balancing, mostly. */
  readonly route?: object;
  /** Further routes to the same backends, each by the keys in which it differs from `/{everything}`. */
  readonly routes?: (backends: readonly StackBackend[]) => readonly object[];
  /** Keys of `GlobalConfiguration.Gateway` besides TLS and drain. */
  readonly gateway?: object;
  /** What the backends are instances of, when routes name a service instead of hosts; every backend joins it first. */
  readonly service?: ConsulService;
}

/** The built gateway as a process, with a user's `ocelot.json`, in front of real servers. */
export interface Stand<B extends StackBackend = RealBackend> {
  readonly gateway: RunningOcelot;
  readonly backends: readonly B[];
  /** An address at the gateway: `http` and `ws` become `https` and `wss` when the stand is secure. */
  readonly url: (scheme: 'http' | 'ws', path?: string) => string;
  /** The backend of that name. */
  backend(name: string): B;
  /** Stops the gateway as an operator does, with a drain, and starts another on the same port. */
  readonly restartGateway: () => Promise<void>;
  /** Stops everything. @throws when the gateway did not end as it promises: with exit code 0. */
  readonly close: () => Promise<void>;
}

/** A layout with the words that a test's title says it in. */
export interface TitledLayout extends Layout {
  readonly title: string;
}

/** Every layout. */
export const LAYOUTS: readonly TitledLayout[] = [
  { secure: false, backends: 1, title: 'over ws with one backend' },
  { secure: false, backends: 2, title: 'over ws with two backends' },
  { secure: true, backends: 1, title: 'over wss with one backend' },
  { secure: true, backends: 2, title: 'over wss with two backends' },
];

const isQuick = ({ secure, backends }: Layout): boolean => secure && backends === 2;

/** The one that `npm test` drives each stack through. */
export const QUICK_LAYOUTS: readonly TitledLayout[] = LAYOUTS.filter(isQuick);

/** The others, for `npm run test:clients`. */
export const FULL_LAYOUTS: readonly TitledLayout[] = LAYOUTS.filter((layout) => !isQuick(layout));

/** Starts the backends, named `one` and `two`, and then the gateway in front of them. */
export function startStand(options: StandOptions): Promise<Stand> {
  const backends = ['one', 'two'].slice(0, options.backends).map((name) => new RealBackend(name, options.attach));
  return startStandBefore(backends, options);
}

/** {@link startStand} with servers of the caller's making, which the stand owns from here on. */
export async function startStandBefore<B extends StackBackend>(
  backends: readonly B[],
  options: GatewayKeys & { readonly secure: boolean },
): Promise<Stand<B>> {
  const { service } = options;
  const folder = await temporaryFolder();
  const KeyFile = join(folder.path, 'key.pem');
  const startGateway = (args: readonly string[] = []): Promise<RunningOcelot> => {
    const base = {
      UpstreamPathTemplate: '/{everything}',
      DownstreamPathTemplate: '/{everything}',
      DownstreamScheme: 'ws',
      ...(service?.route ?? {
        DownstreamHostAndPorts: backends.map(({ port }) => ({ Host: '127.0.0.1', Port: port })),
      }),
    };
    const config = {
      Routes: [...(options.routes?.(backends) ?? []), options.route].map((keys) => ({ ...base, ...keys })),
      GlobalConfiguration: {
        ...service?.settings,
        Gateway: {
          ...(options.secure ? { Tls: { CertFile: CERTIFICATE_FILE, KeyFile } } : {}),
          Drain: { DeadlineMs: 2000, SpreadMs: 0 },
          ...options.gateway,
        },
      },
    };
    return runOcelot(config, { args });
  };
  const start = async (): Promise<RunningOcelot> => {
    for (const backend of backends) {
      await backend.start();
      await service?.join(backend);
    }
    await writeFile(KeyFile, TEST_CERTIFICATE.key, { mode: 0o600 });
    return startGateway();
  };
  let gateway = await start().catch(async (error: unknown) => {
    for (const backend of backends) await backend.crash();
    await folder.remove();
    throw error;
  });
  const { authority, port } = gateway;
  const stopGateway = async (): Promise<void> => {
    const { code, stderr } = await gateway.stop();
    if (code !== 0) throw new Error(`the gateway exited with ${code}:\n${stderr}`);
  };
  return {
    get gateway() {
      return gateway;
    },
    backends,
    restartGateway: async () => {
      await stopGateway();
      gateway = await startGateway(['--port', String(port)]);
    },
    url: (scheme, path = '/') => `${scheme}${options.secure ? 's' : ''}://${authority}${path}`,
    backend: (name) => {
      const found = backends.find((backend) => backend.name === name);
      if (found === undefined) throw new Error(`there is no backend ${name}`);
      return found;
    },
    close: async () => {
      try {
        await stopGateway();
      } finally {
        for (const backend of backends) await backend.crash();
        await folder.remove();
      }
    },
  };
}
