// Public names, grouped by reader.

// For hosts
export { webSocketRelay, type ConnectListener, type UpgradeListener, type WebSocketRelay } from './relay.js';
export type { WebSocketRelayOptions } from './options.js';
export { shouldUpgrade } from './should-upgrade.js';

// For gateways
export { wsRelay } from './plugin.js';
