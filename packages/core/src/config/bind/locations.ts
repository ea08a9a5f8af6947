import type { JsonValue } from '../../contracts/json.js';
import type { Place } from '../config-node.js';

/** Where the values of a bound configuration stand, so that rules can name them. */
export class Locations {
  readonly #objects = new WeakMap<object, { readonly place: Place; readonly keys: ReadonlyMap<string, Place> }>();
  readonly #broken = new WeakMap<object, Set<string>>();
  readonly #root: Place;

  constructor(root: Place) {
    this.#root = root;
  }

  /** Takes note of an object or list and of its members. */
  set(value: object, place: Place, keys: ReadonlyMap<string, Place>): void {
    this.#objects.set(value, { place, keys });
  }

  /** Takes note of everything inside `value` that has no place yet: values that were made of an old name's. */
  adopt(value: JsonValue, place: Place): void {
    if (typeof value !== 'object' || value === null) return;
    if (!this.#objects.has(value)) this.set(value, place, new Map());
    for (const member of Object.values(value) as readonly JsonValue[]) this.adopt(member, place);
  }

  /** Notes that a key was reported already and has no value for that reason. */
  markBroken(value: object, key: string): void {
    const keys = this.#broken.get(value);
    if (keys === undefined) this.#broken.set(value, new Set([key]));
    else keys.add(key);
  }

  /** Whether a key has no value because what stands there could not be read. */
  isBroken(value: object, key: string): boolean {
    return this.#broken.get(value)?.has(key) === true;
  }

  /** The place of a member; of the object or list itself when the member is absent. */
  of(value: object, key?: string | number): Place {
    const entry = this.#objects.get(value);
    if (entry === undefined) return this.#root;
    return (key === undefined ? undefined : entry.keys.get(String(key))) ?? entry.place;
  }
}
