// Hot path: once per upgrade, on routes with `Gateway.RateLimit.Connections`.

import { createHash } from 'node:crypto';

import {
  type ConnectionAnswer,
  type ConnectionLedger,
  type Exchange,
  GatewayError,
  type GatewayEvent,
  type Route,
  type Stage,
} from '@ocelot/core';

import { clientNaming, type ClientNaming, sourceContext } from '../client-key/client-key.js';
import { numberAt, section } from '../config-reader.js';

/** How many sockets one client of a route may have open. */
export interface ConnectionCap {
  readonly max: number;
  readonly naming: ClientNaming;
}

/** What a cap is kept with. */
export interface CapKeeping {
  /** Counts for all workers of a gateway. */
  readonly ledger: ConnectionLedger;
  readonly record: (event: GatewayEvent) => void;
}

/** When clients that were refused may come back, in seconds: places get free as sockets close. */
const RETRY_AFTER = '5';

/**
 * Reads `Gateway.RateLimit.Connections`: by what its own `By` names, else by that of the section.
 * @returns undefined when the route has none.
 * @throws ConfigError when `By` names nothing that clients are told apart by.
 */
export function readConnectionCap(route: Route, clientIdHeader: string): ConnectionCap | undefined {
  const options = section(route.options.gateway, 'RateLimit');
  const written = section(options, 'Connections');
  const max = numberAt(written, 'Max', 0);
  if (max <= 0) return undefined;
  const inherited = clientNaming(
    options,
    ['subject', 'ip'],
    sourceContext(options, clientIdHeader),
    route,
    'RateLimit',
  );
  if (written['By'] === undefined) return { max, naming: inherited };
  const context = sourceContext(options, clientIdHeader);
  return { max, naming: clientNaming(written, [], context, route, 'RateLimit/Connections') };
}

/**
 * The stage behind `Gateway.RateLimit.Connections`: upgrades only. The place is given back at the end of the exchange,
 * whichever way it ends. Refuses with RATE_LIMITED.
 */
export function limitConnections({ max, naming }: ConnectionCap, { ledger, record }: CapKeeping): Stage {
  const settle = (exchange: Exchange, kind: string, answer: ConnectionAnswer): void => {
    if (answer.granted) {
      exchange.defer(answer.release);
      return;
    }
    const { id, route } = exchange;
    record({
      type: 'limit.reached',
      exchangeId: id,
      routeId: route.id,
      limit: 'connections',
      action: 'refuse',
      direction: undefined,
    });
    throw new GatewayError('OCELOT_ERR_RATE_LIMITED', {
      message: 'Too many connections.',
      headers: { 'Retry-After': RETRY_AFTER },
      details: { limit: 'connections', by: kind, open: answer.open, max },
    });
  };
  return (exchange) => {
    if (exchange.request.kind !== 'upgrade') return undefined;
    const { kind, id } = naming.nameOrAddress(exchange);
    const answer = ledger.claim({
      // No id of a route holds a NUL: these are counted apart from Gateway.MaxConnections.
      route: `rate-limit\0${exchange.route.id}`,
      address: createHash('sha1').update(id).digest('hex'),
      maxConnections: 0,
      maxConnectionsPerIp: max,
    });
    if (!(answer instanceof Promise)) {
      settle(exchange, kind, answer);
      return undefined;
    }
    return answer.then((late) => {
      // The exchange may be over by now, and would never give back what it is told of then.
      if (exchange.signal.aborted && late.granted) late.release();
      else settle(exchange, kind, late);
    });
  };
}
