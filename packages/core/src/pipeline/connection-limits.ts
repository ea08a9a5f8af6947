import type { ConnectionAnswer, ConnectionClaim, ConnectionLedger } from '../contracts/connection-ledger.js';
import type { Exchange } from '../contracts/exchange.js';
import type { Route } from '../contracts/route.js';
import type { Stage } from '../contracts/stage.js';
import type { GatewayEvent } from '../contracts/telemetry.js';
import { GatewayError } from '../errors/gateway-error.js';
import { addressGroup } from './address-group.js';
import { reasonOf } from './run-stages.js';

/** Clients that were told to come back are told when, in seconds: limits clear as sockets close. */
const RETRY_AFTER = '5';

/**
 * The stage behind `Gateway.MaxConnections` (503) and `Gateway.MaxConnectionsPerIp` (429); an IPv6 client counts by
 * its /64, since that is what one client is given. Upgrades only: plain requests come and go on connections that the
 * listener counts. Synchronous as long as the ledger is.
 * @param countId Under which name the route's connections are counted.
 * @param record Told when a limit was reached.
 * @returns undefined when the route has no limit.
 */
export function connectionLimits(
  route: Route,
  countId: string,
  ledger: ConnectionLedger,
  record: (event: GatewayEvent) => void,
): Stage | undefined {
  const { maxConnections, maxConnectionsPerIp } = route.limits;
  if (maxConnections === 0 && maxConnectionsPerIp === 0) return undefined;
  return (exchange) => {
    if (exchange.request.kind !== 'upgrade') return undefined;
    const address = addressGroup(exchange.clientAddress);
    const claim = { route: countId, address, maxConnections, maxConnectionsPerIp };
    const answer = ledger.claim(claim);
    if (answer instanceof Promise) return answer.then((late) => settleLate(late, claim, exchange, record));
    settle(answer, claim, exchange, record);
    return undefined;
  };
}

/** The exchange may be over by now, and would never give back what it is told of then. */
function settleLate(
  answer: ConnectionAnswer,
  claim: ConnectionClaim,
  exchange: Exchange,
  record: (event: GatewayEvent) => void,
): void {
  if (exchange.signal.aborted) {
    if (answer.granted) answer.release();
    throw reasonOf(exchange.signal);
  }
  settle(answer, claim, exchange, record);
}

function settle(
  answer: ConnectionAnswer,
  claim: ConnectionClaim,
  exchange: Exchange,
  record: (event: GatewayEvent) => void,
): void {
  if (answer.granted) {
    exchange.defer(answer.release);
    return;
  }
  const { open, limit } = answer;
  record({
    type: 'limit.reached',
    exchangeId: exchange.id,
    routeId: exchange.route.id,
    limit: 'connections',
    action: 'refuse',
    direction: undefined,
  });
  const headers = { 'Retry-After': RETRY_AFTER };
  if (limit === 'route') {
    const details = { open, limit: claim.maxConnections };
    throw new GatewayError('OCELOT_ERR_TOO_MANY_CONNECTIONS', { details, headers });
  }
  const details = { address: claim.address, open, limit: claim.maxConnectionsPerIp };
  throw new GatewayError('OCELOT_ERR_RATE_LIMITED', { message: 'Too many connections.', details, headers });
}
