import type { ConfigIssue } from '../../errors/config-error.js';
import { type Place, placeFields } from '../config-node.js';
import { nearestName } from '../nearest-name.js';
import { CONFIG_FILE } from '../schema/file-schema.js';
import type { ObjectKey } from '../schema/key-schema.js';
import { isForeignKey } from './foreign-keys.js';
import { knownKeys, ownersOf } from './known-keys.js';

/** A known name at least this long that begins an unknown one was probably meant: `PollingIntervalSeconds`. */
const MEANT_PREFIX_LENGTH = 8;
/** In objects that have keys of their owners, two slips in a name shorter than this make another word. */
const SHORT = 6;

/**
 * What to say about a key that the object does not have; undefined for keys that belong to somebody else. Ocelot
 * ignores unknown keys in silence, which hides misspelt ones.
 */
export function unknownKeyIssue(schema: ObjectKey, key: string, place: Place): ConfigIssue | undefined {
  const known = knownKeys(schema);
  const instead = known.obsolete.get(key.toLowerCase());
  if (instead !== undefined) {
    return issue('ObsoleteKey', place, `${key} has no effect any more.`, instead);
  }
  if (isForeignKey(key, schema === CONFIG_FILE)) return undefined;
  const limit = schema.open === true ? (key.length < SHORT ? 1 : 2) : undefined;
  const slip = nearestName(key, known.names, limit) ?? prefixOf(key, known.names);
  if (schema.open === true && slip === undefined) return undefined;
  if (slip !== undefined) {
    return issue(
      'UnknownKey',
      place,
      `"${key}" is not a key of ${schema.name}; it is ignored.`,
      `Is ${currentName(schema, slip)} meant?`,
    );
  }
  const owners = ownersOf(key);
  const hint =
    owners.length === 0 ? 'Remove it, or check its spelling.' : `It belongs into ${owners.slice(0, 3).join(' or ')}.`;
  return issue('UnknownKey', place, `"${key}" is not a key of ${schema.name}; it is ignored.`, hint);
}

function prefixOf(key: string, names: readonly string[]): string | undefined {
  const lower = key.toLowerCase();
  return names.find((name) => name.length >= MEANT_PREFIX_LENGTH && lower.startsWith(name.toLowerCase()));
}

/** Suggests today's name where the nearest one is an old one. */
function currentName(schema: ObjectKey, name: string): string {
  return schema.oldNames?.[name]?.becomes ?? name;
}

function issue(kind: string, place: Place, message: string, hint: string): ConfigIssue {
  return { severity: 'warning', kind, ...placeFields(place), message, hint };
}
