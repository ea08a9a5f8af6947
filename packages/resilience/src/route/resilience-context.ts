import type { PluginHost } from '@ocelot/core';

import type { HealthDirectory } from '../health/health-directory.js';

/** What the states of routes draw on. */
export interface ResilienceContext extends Pick<PluginHost, 'clock' | 'log' | 'random' | 'record'> {
  readonly checks: HealthDirectory;
}
