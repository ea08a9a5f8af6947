// Public names, for relay authors.

export { assertAuthorities, readAuthorities } from './authorities.js';
export { BackendTlsStore, type BackendTlsOptions } from './backend-tls.js';
export { type BackendAddress, backendAddress, endpointName, hostHeader, usesTls } from './backend-address.js';
export { clientPeer } from './client-peer.js';
export { endToEndHeaders, headerLines, isHopByHop } from './hop-by-hop.js';
export { type FurtherIds, furtherIds } from './further-ids.js';
export { http2Headers } from './http2-headers.js';
export { logRefusal, type RefusalLine } from './log-refusal.js';
export { refusalBody, refusalHeaders } from './refusal.js';
export { refusedWith } from './refused-with.js';
export { hasToken, headerValues, isToken, listElements, trimBlanks } from './tokens.js';
