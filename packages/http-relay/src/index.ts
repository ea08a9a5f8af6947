// Public names, grouped by reader.

// For hosts
export { httpRequestRelay, type HttpRequestRelay, type RequestListener } from './relay.js';
export type { ClientRequest, ClientResponse } from './client/client-message.js';
export type { HttpRelayOptions } from './options.js';

// For gateways
export { httpRelay } from './plugin.js';
