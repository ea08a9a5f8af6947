import type { RawConnection } from '@ocelot/test-support';

import { gatewayStand, type GatewayStand, type StandOptions } from './gateway-stand.js';
import { http2Stand } from './http2-stand.js';

/** A gateway whose clients come in one way; what follows the handshake has to be the same for both. */
export interface EitherStand extends Pick<GatewayStand, 'gateway' | 'event' | 'line' | 'close'> {
  /** Asks for a WebSocket, with more headers. */
  ask(headers?: Readonly<Record<string, string>>): Promise<AskingClient>;
}

/** A client that has asked for a WebSocket. */
export interface AskingClient {
  readonly client: RawConnection;
  /** Whether its WebSocket stands. */
  readonly isOpen: Promise<boolean>;
  /** The subprotocol that it is told. */
  readonly protocol: Promise<string | undefined>;
}

/** Starts a gateway before the given ports. */
export type StartStand = (ports: readonly number[], options?: StandOptions) => Promise<EitherStand>;

/** Both ways in which a client may come, by name. */
export const BOTH_STANDS: readonly (readonly [string, StartStand])[] = [
  [
    'HTTP/1.1',
    async (ports, options) => {
      const stand = await gatewayStand(ports, options);
      return {
        ...stand,
        async ask(headers = {}) {
          const client = await stand.client();
          const head = client.upgrade({ headers });
          return {
            client,
            isOpen: head.then(({ status }) => status === 101),
            protocol: head.then((answer) => answer.get('sec-websocket-protocol')),
          };
        },
      };
    },
  ],
  [
    'HTTP/2',
    async (ports, options) => {
      const stand = await http2Stand(ports, options);
      return {
        ...stand,
        async ask(headers = {}) {
          const client = (await stand.client()).open({ headers });
          return {
            client,
            isOpen: client.status().then((status) => status === 200),
            protocol: client.answer.then((answer) => answer['sec-websocket-protocol']),
          };
        },
      };
    },
  ],
];
