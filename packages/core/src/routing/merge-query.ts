import { parseQuery, toBytes, writeQuery } from './query-string.js';

/**
 * Puts the query of a template and that of a request together: the template's parameters first, then those of the
 * request that are not named like a placeholder or like one of the template's. Values of one name are joined by commas,
 * names without `=` are dropped, everything is encoded anew.
 * Ocelot: DownstreamUrlCreatorMiddleware, MergeQueryStringsWithoutDuplicateValues.
 *
 * @param names Names of placeholders, compared with case.
 */
export function mergeQueries(request: string, template: string, names: readonly string[]): string {
  const placeholders = new Set(names.map(toBytes));
  const merged = new Map<string, string>();
  for (const { name, value } of joinByName(template.replaceAll('?', '&'))) merged.set(name, value);
  for (const { name, value } of joinByName(request.slice(1))) {
    if (!placeholders.has(name) && !merged.has(name)) merged.set(name, value);
  }
  return writeQuery(pairs(merged));
}

/**
 * Takes the parameters out of a request's query that are named like a placeholder, without regard to case; the others
 * are encoded anew, those of one name beside each other where the first of them stood.
 * Ocelot: DownstreamUrlCreatorMiddleware, RemoveQueryStringParametersThatHaveBeenUsedInTemplate.
 */
export function removeParameters(request: string, names: readonly string[]): string {
  const placeholders = new Set(names.map((name) => toBytes(name).toLowerCase()));
  const kept = new Map<string, { name: string; value: string }[]>();
  for (const { name, value = '' } of parseQuery(request.slice(1))) {
    const key = name.toLowerCase();
    if (placeholders.has(key)) continue;
    const same = kept.get(key);
    if (same === undefined) kept.set(key, [{ name, value }]);
    else same.push({ name: same[0]?.name ?? name, value });
  }
  return writeQuery([...kept.values()].flat());
}

/** Names are compared without case and shown as first written; .NET's NameValueCollection. */
function joinByName(query: string): readonly { readonly name: string; readonly value: string }[] {
  const joined = new Map<string, { readonly name: string; readonly value: string }>();
  for (const { name, value } of parseQuery(query)) {
    if (value === undefined || name === '') continue;
    const key = name.toLowerCase();
    const first = joined.get(key);
    joined.set(key, first === undefined ? { name, value } : { name: first.name, value: `${first.value},${value}` });
  }
  return [...joined.values()];
}

function* pairs(values: ReadonlyMap<string, string>): Iterable<{ readonly name: string; readonly value: string }> {
  for (const [name, value] of values) yield { name, value };
}
