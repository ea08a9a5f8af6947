import type { Plugin } from '@ocelot/core';

import type { HttpRelayOptions } from './options.js';
import { httpRequestRelay } from './relay.js';

/** Adds the HTTP relay to a gateway; whoever owns the listeners finds it in {@link Gateway.relays}. */
export function httpRelay(options: HttpRelayOptions = {}): Plugin {
  return {
    name: '@ocelot/http-relay',
    setup(registry) {
      const relay = httpRequestRelay(options);
      registry.relay(relay);
      registry.onClose(() => relay.close());
    },
  };
}
