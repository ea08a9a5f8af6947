import type { Plugin } from '@ocelot/core';

import type { ConsulTls } from './consul-client.js';
import { ConsulProvider } from './consul-provider.js';
import { pollConsulProvider } from './poll-consul-provider.js';

/** What cannot be said in `ocelot.json`. */
export interface ConsulPluginOptions {
  /** For `"Scheme": "https"`: authorities, a client certificate. @default Node's own authorities */
  readonly tls?: ConsulTls;
}

/**
 * Makes Consul known to a gateway: `Consul` (blocking queries) and `PollConsul` (a question every `PollingInterval`)
 * as `ServiceDiscoveryProvider.Type`. Address and token come from that section of `ocelot.json`.
 *
 * @example
 * const gateway = await createGateway({ config, plugins: [consul()] });
 */
export function consul(options: ConsulPluginOptions = {}): Plugin {
  return {
    name: '@ocelot/discovery-consul',
    setup: (registry) => {
      registry.discovery('Consul', (section, context) => new ConsulProvider(section, context, options.tls));
      registry.discovery('PollConsul', (section, context) => pollConsulProvider(section, context, options.tls));
    },
  };
}
