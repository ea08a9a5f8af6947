import type { Plugin } from '@ocelot/core';

/** The keys of `ocelot.json` that plugins act on: for `supportedKeys` wherever a file is read. */
export function supportedKeys(plugins: readonly Plugin[]): readonly string[] {
  return plugins.flatMap(({ supports }) => supports ?? []);
}
