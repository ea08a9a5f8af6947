import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls } from 'node:tls';

import { type Cancellation, type Clock, type Endpoint, GatewayError } from '@ocelot/core';
import { backendAddress, type BackendTlsOptions, endpointName } from '@ocelot/relay-kit';

import { Leg } from '../transfer/leg.js';

/** How one endpoint is connected to. */
export interface DialOptions {
  /** Undefined: without TLS. */
  readonly tls: BackendTlsOptions | undefined;
  /** TCP and TLS together; 0: no limit of its own. */
  readonly connectMs: number;
  readonly keepAliveMs: number;
  readonly clock: Clock;
  /** See {@link WebSocketRelayOptions.directIo}. */
  readonly directIo: boolean;
  /** Gives the attempt up; the reason is what the promise rejects with. */
  readonly cancellation: Cancellation;
}

/**
 * Connects to an endpoint, host and port or Unix-domain socket, over TLS where asked. Of a name with several addresses the first that answers is taken
 * (RFC 8305, Node's `autoSelectFamily`).
 * @returns a leg whose receiver the caller replaces at once.
 * @throws GatewayError BACKEND_UNREACHABLE, BACKEND_TIMEOUT, or the reason of the cancellation.
 */
export function dial(endpoint: Endpoint, options: DialOptions): Promise<Leg> {
  return new Promise((resolve, reject) => {
    const { cancellation, clock, connectMs } = options;
    if (cancellation.aborted) {
      reject(cancellation.reason);
      return;
    }
    const socket = open(endpoint, options);
    const settle = (finish: () => void): void => {
      timer?.clear();
      cancellation.removeEventListener('abort', abort);
      finish();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        leg.destroy();
        reject(error);
      });
    const abort = (): void => fail(cancellation.reason);
    const receiver = {
      bytes() {},
      drained() {},
      ended() {},
      closed: (cause: Error | undefined): void => fail(unreachable(endpoint, cause)),
    };
    const leg = new Leg(socket, receiver, options.directIo);
    const timer = connectMs > 0 ? clock.setTimer(connectMs, () => fail(tooLate(endpoint, connectMs))) : undefined;
    cancellation.addEventListener('abort', abort, { once: true });
    socket.once(options.tls === undefined ? 'connect' : 'secureConnect', () =>
      settle(() => {
        leg.open();
        leg.tune(options.keepAliveMs);
        resolve(leg);
      }),
    );
  });
}

function open(endpoint: Endpoint, { tls }: DialOptions): Socket {
  const target = { ...backendAddress(endpoint), allowHalfOpen: true };
  if (tls === undefined) return connectTcp(target);
  const { secureContext, serverName, rejectUnauthorized } = tls;
  const name = serverName ?? ('host' in target ? target.host : '');
  return connectTls({
    ...target,
    // A name only: RFC 6066 §3 has no addresses in SNI.
    servername: isIP(name) === 0 ? name : '',
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized,
    ...(secureContext === undefined ? {} : { secureContext }),
    ...(serverName === undefined
      ? {}
      : { checkServerIdentity: (_, certificate) => checkServerIdentity(serverName, certificate) }),
  });
}

function unreachable(endpoint: Endpoint, cause: Error | undefined): GatewayError {
  return new GatewayError('OCELOT_ERR_BACKEND_UNREACHABLE', {
    cause,
    details: { endpoint: endpointName(endpoint), reason: cause?.message ?? 'the connection was closed' },
  });
}

function tooLate(endpoint: Endpoint, connectMs: number): GatewayError {
  return new GatewayError('OCELOT_ERR_BACKEND_TIMEOUT', {
    details: { endpoint: endpointName(endpoint), reason: `no connection within ${connectMs} ms` },
  });
}
