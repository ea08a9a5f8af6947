/** Old names of top-level sections, which merge with the new ones. */
const OLD_SECTIONS: Readonly<Record<string, string>> = { reroutes: 'routes', dynamicreroutes: 'dynamicroutes' };

/** Names of Ocelot's top-level sections, in lower case. */
export const SECTIONS: ReadonlySet<string> = new Set(['routes', 'dynamicroutes', 'aggregates', 'globalconfiguration']);

/** What a top-level key is compared by when files are merged: lower case, old names as new ones. */
export function sectionName(key: string): string {
  const name = key.toLowerCase();
  return OLD_SECTIONS[name] ?? name;
}
