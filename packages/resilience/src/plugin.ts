import type { Plugin } from '@ocelot/core';

/** The plugin. */
export function resilience(): Plugin {
  return { name: 'resilience', setup() {} };
}
