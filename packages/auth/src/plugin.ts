import type { Plugin } from '@ocelot/core';

/** The plugin. */
export function auth(): Plugin {
  return { name: 'auth', setup() {} };
}
