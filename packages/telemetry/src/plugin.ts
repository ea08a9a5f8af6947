import type { Plugin } from '@ocelot/core';

/** The plugin. */
export function telemetry(): Plugin {
  return { name: 'telemetry', setup() {} };
}
