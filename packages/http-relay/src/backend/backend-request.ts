import type { Admission } from '@ocelot/core';
import { hasToken, headerValues, hostHeader, isHopByHop } from '@ocelot/relay-kit';

import type { RequestBody } from '../client/request-body.js';
import type { BackendRequest } from './call.js';

/** What the gateway writes itself. The client's part of the hop core took away already; a stage may have added to it. */
const OWN: ReadonlySet<string> = new Set(['content-length', 'expect', 'host']);

/**
 * Makes the request for a backend: path, query and headers as core prepared them. A Host among them was set by a stage
 * or a transform (the client's own never gets there), and is sent in place of the endpoint's.
 */
export function backendRequest(admission: Admission, tls: boolean, body: RequestBody | undefined): BackendRequest {
  const { outgoing, request, route, lease } = admission;
  const { raw } = outgoing.headers;
  const headers: string[] = [];
  let host: string | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const folded = name.toLowerCase();
    if (!OWN.has(folded) && !isHopByHop(folded)) headers.push(name, value);
    else if (folded === 'host') host = value;
  }
  const { rawHeaders } = request;
  return {
    method: route.http.method ?? request.method,
    target: `${outgoing.path}${outgoing.query}`,
    host: host ?? hostHeader(lease.endpoint, tls),
    headers,
    body,
    expectsContinue: body !== undefined && hasToken(headerValues(rawHeaders, 'expect'), '100-continue'),
    takesTrailers: hasToken(headerValues(rawHeaders, 'te'), 'trailers'),
    trailer: body === undefined ? undefined : headerValues(rawHeaders, 'trailer').join(', ') || undefined,
  };
}
