import type { Plugin } from '@ocelot/core';

import type { WebSocketRelayOptions } from './options.js';
import { webSocketRelay } from './relay.js';

/** Adds the WebSocket relay to a gateway; whoever owns the listeners finds it in {@link Gateway.relays}. */
export function wsRelay(options: WebSocketRelayOptions = {}): Plugin {
  return {
    name: '@ocelot/ws-relay',
    setup(registry) {
      registry.relay(webSocketRelay(options));
    },
  };
}
