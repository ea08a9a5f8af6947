import { type Gateway, type Relay, systemClock } from '@ocelot/core';

import { PoolDirectory } from './backend/pool-directory.js';
import { type ClientRequest, type ClientResponse, isHttp2Response } from './client/client-message.js';
import type { HttpRelayOptions } from './options.js';
import { type RequestContext, RelayedRequest } from './relayed-request.js';
import { RequestSet } from './request-set.js';

/** How long a connection to a backend is kept without a request: below the 5 s of Node's own server. */
const KEEP_ALIVE_MS = 4_000;

/**
 * What `server.on('request', …)` of node:http, node:https and node:http2 takes; and `server.on('checkContinue', …)`,
 * where a server shall leave `100 Continue` to the backend (RFC 9110 §10.1.1).
 */
export type RequestListener = (request: ClientRequest, response: ClientResponse) => void;

/** The HTTP data plane as a relay. One instance serves any number of gateways. */
export interface HttpRequestRelay extends Relay<RequestListener> {
  readonly kind: 'http';
  /**
   * Ends the requests under way (503 where no answer began) and closes the connections to backends. The plugin does it
   * at the end of a drain; a host that made the relay itself calls it. Idempotent.
   */
  close(): Promise<void>;
}

/**
 * Makes the relay: for hosts that attach a gateway to a server of their own.
 *
 * @example
 * server.on('request', httpRequestRelay().listener(gateway));
 */
export function httpRequestRelay(options: HttpRelayOptions = {}): HttpRequestRelay {
  const clock = options.clock ?? systemClock;
  const keepAliveMs = options.keepAliveMs ?? KEEP_ALIVE_MS;
  const directories: PoolDirectory[] = [];
  const underWay = new RequestSet();
  return {
    kind: 'http',
    listener(gateway: Gateway): RequestListener {
      const pools = new PoolDirectory({ clock, tlsDefaults: options.backendTls, keepAliveMs, log: gateway.log });
      directories.push(pools);
      const context = { gateway, clock, pools, underWay };
      return (request, response) => {
        if (isHttp2Response(response) || response.socket !== null) relay(context, request, response);
        else {
          // Behind a request that is still being answered (pipelining) one waits for its turn: a client could have
          // thousands of backend connections opened by one of its own, and nobody tells the answer in a queue that the
          // client is gone. Whoever leaves meanwhile was never asked for.
          request.on('error', ignore);
          response.once('socket', () => relay(context, request, response));
        }
      };
    },
    async close() {
      underWay.close();
      await Promise.all(directories.map((pools) => pools.close()));
    },
  };
}

/** Never fails: every failure is answered inside. */
function relay(context: RequestContext, request: ClientRequest, response: ClientResponse): void {
  void new RelayedRequest(context, request, response).run();
}

function ignore(): void {
  // Nobody waits for the answer.
}
