const PART = /^ocelot\..+\.json$/i;

/**
 * Chooses among the file names of a folder as Ocelot's `AddOcelot(folder, environment)` does: every
 * `ocelot.{anything}.json` except the one of the running environment; the primary `ocelot.json`, which Ocelot treats as
 * the merge's result, only when there is no other. Ordered by name, so that the same folder always gives the same routes.
 *
 * The environment's file is never merged: hosts that want it lay it over the result ({@link overlayConfig}), as in .NET
 * where the host adds it as one more source.
 *
 * @param environment Name of the running environment. @default 'Development', as in Ocelot
 * @returns the names to read and hand to {@link mergeConfigParts}; empty when the folder holds no configuration.
 */
export function selectConfigFiles(names: readonly string[], environment = 'Development'): readonly string[] {
  const ownName = `ocelot.${environment}.json`.toLowerCase();
  const parts = names.filter((name) => PART.test(name) && name.toLowerCase() !== ownName).toSorted(byName);
  const primary = names.find((name) => name.toLowerCase() === 'ocelot.json');
  return parts.length === 0 && primary !== undefined ? [primary] : parts;
}

function byName(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
