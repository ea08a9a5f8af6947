import { said } from '../in-use.js';
import { isToken } from '../is-token.js';
import { nearestName } from '../nearest-name.js';
import { METHODS } from './methods.js';
import type { RouteRule } from './rule.js';

/** The method of the call to the backend can be sent (RFC 9110 §9.1); Ocelot finds out at the first request. */
export const downstreamMethod: RouteRule = (route, context) => {
  const method = said(route.DownstreamHttpMethod);
  if (method === undefined || (METHODS.has(method.toUpperCase()) && method.toUpperCase() !== 'CONNECT')) return;
  const at = { at: route, key: 'DownstreamHttpMethod' };
  if (!isToken(method) || method.toUpperCase() === 'CONNECT') {
    context.error({
      kind: 'InvalidDownstreamMethod',
      ...at,
      message: isToken(method)
        ? 'DownstreamHttpMethod CONNECT would ask the backend for a tunnel.'
        : `DownstreamHttpMethod ${JSON.stringify(method)} cannot be a method.`,
      hint: 'Write one method, such as "POST", or leave it out to keep the client’s.',
    });
    return;
  }
  const near = nearestName(method, METHODS, 2);
  context.warn({
    kind: 'UnknownMethod',
    ...at,
    message: `DownstreamHttpMethod "${method}" is no method of HTTP known here.`,
    hint: near === undefined ? 'Look whether the backend knows it.' : `Is ${near} meant?`,
  });
};
