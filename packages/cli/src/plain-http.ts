import type { IncomingMessage, ServerResponse } from 'node:http';

import {
  type Gateway,
  type RouteTable,
  compileRouteTable,
  createGatewayRequest,
  isGatewayError,
  resolveDynamic,
} from '@ocelot/core';

/**
 * Answers requests that are no WebSocket upgrade, as long as no plugin brings a relay for them: 426 where a route
 * matches, 404 where none does, so that a probe or a person with a browser learns what this port is.
 */
export function plainHttp(gateway: Gateway): (request: IncomingMessage, response: ServerResponse) => void {
  let revision = 0;
  let table: RouteTable<string> | undefined;
  return (request, response) => {
    if (table === undefined || revision !== gateway.revision) {
      revision = gateway.revision;
      table = compileRouteTable(gateway.routes.map((route) => ({ route, value: route.id })));
    }
    const { socket } = request;
    try {
      const plain = createGatewayRequest({
        kind: 'http',
        method: request.method ?? 'GET',
        target: request.url ?? '/',
        rawHeaders: request.rawHeaders,
        client: { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0, tls: false },
      });
      const matched = gateway.isDynamic ? resolveDynamic(plain) : table.match(plain);
      if (matched === undefined) answer(response, 404, 'OCELOT_ERR_ROUTE_NOT_FOUND', 'No route answers this request.');
      else answer(response, 426, 'OCELOT_ERR_UPGRADE_INVALID', UPGRADE_ONLY);
    } catch (error) {
      if (isGatewayError(error)) answer(response, error.status, error.code, error.message);
      else {
        gateway.log.error({ err: error, url: request.url }, 'a plain request could not be answered');
        answer(response, 500, 'OCELOT_ERR_STAGE_FAILED', 'The gateway failed to process the request.');
      }
    }
  };
}

const UPGRADE_ONLY =
  'This route relays WebSockets; plain HTTP requests are not relayed by this version. Connect with a WebSocket client.';

function answer(response: ServerResponse, status: number, code: string, message: string): void {
  const body = `${JSON.stringify({ code, message })}\n`;
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    ...(status === 426 && { Upgrade: 'websocket', Connection: 'close, Upgrade' }),
  });
  response.end(body);
}
