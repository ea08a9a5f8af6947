export type { ConsulTls } from './consul-client.js';
export { ConsulProvider } from './consul-provider.js';
export {
  readConfigurationFromConsul,
  watchConfiguration,
  type ConfigurationWatch,
  type ConfigurationWatchOptions,
  type ConsulConfigurationOptions,
} from './kv-configuration.js';
export { consul, type ConsulPluginOptions } from './plugin.js';
