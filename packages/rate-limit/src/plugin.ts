import type { Plugin } from '@ocelot/core';

/** The plugin. */
export function rateLimit(): Plugin {
  return { name: 'rate-limit', setup() {} };
}
