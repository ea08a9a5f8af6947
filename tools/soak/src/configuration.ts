import { MODES } from './conversation-plan.js';

/** Longest message the gateway lets through. */
export const MAX_MESSAGE_BYTES = 1_000_000;

/** Where the backends are. */
export interface BackendPorts {
  readonly direct: number;
  /** The relay before them. */
  readonly relayed: number;
}

/** Balancers in turn; `SoakLeases` is the probe's own and counts what is leased. */
const BALANCERS = ['SoakLeases', 'LeastConnection', 'RoundRobin', 'NoLoadBalancer'];

/**
 * The `ocelot.json` of the soak, with every protection on.
 * @param change What differs between two configurations: 0 is the first one. Routes named `direct` never change.
 */
export function configuration(ports: BackendPorts, change: number): object {
  const routes = MODES.flatMap((mode, index) => [
    route(mode, 'direct', ports.direct, index, 0),
    route(mode, 'relayed', ports.relayed, index + 1, change),
  ]);
  const passing = Array.from({ length: change % 5 }, (_, index) => ({
    UpstreamPathTemplate: `/passing/${change}/${index}`,
    DownstreamPathTemplate: '/',
    DownstreamScheme: 'ws',
    DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: ports.direct }],
  }));
  return {
    Routes: [...routes, ...passing],
    GlobalConfiguration: {
      Gateway: {
        ConnectTimeoutMs: 3000,
        HandshakeTimeoutMs: 8000,
        CloseTimeoutMs: 2000,
        AppIdleTimeoutMs: 60_000,
        MaxLifetimeMs: 86_400_000,
        Ping: { IntervalMs: 2000, TimeoutMs: 4000, Legs: 'both' },
        MaxMessageBytes: MAX_MESSAGE_BYTES,
        MaxFramesPerMessage: 100,
        MaxFrameRate: 20_000,
        MaxConnections: 100_000,
        MaxConnectionsPerIp: 100_000,
        TcpKeepAliveMs: 5000,
        Drain: { DeadlineMs: 5000, SpreadMs: 500, CloseCode: 1012 },
      },
    },
  };
}

function route(mode: string, leg: string, port: number, index: number, change: number): object {
  return {
    UpstreamPathTemplate: `/${mode}/${leg}/{rest}`,
    DownstreamPathTemplate: `/${mode}/${leg}/{rest}`,
    DownstreamScheme: 'ws',
    DownstreamHostAndPorts: [{ Host: '127.0.0.1', Port: port }],
    LoadBalancerOptions: { Type: BALANCERS[index % BALANCERS.length] },
    Gateway: {
      // Opaque knows no pings: a vanished peer is found because nothing passes.
      ...(mode === 'opaque' ? { Transfer: 'opaque', IdleTimeoutMs: 6000 } : {}),
      // Another value each time, so that the route is compiled anew while its sessions go on.
      ...(change > 0 ? { ConnectTimeoutMs: 3000 + (change % 1000) } : {}),
    },
  };
}
