import { readFileSync } from 'node:fs';

/** An input worth keeping: an attack that was published, or one that the fuzzer found. */
export interface Seed {
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * Reads `corpus/<name>.json`: entries with `name` and either `text` (one character a byte) or `hex`; `times` repeats
 * a part, for inputs whose length is the point.
 */
export function readSeeds(name: string): readonly Seed[] {
  const file = new URL(`corpus/${name}.json`, import.meta.url);
  const entries = JSON.parse(readFileSync(file, 'utf8')) as readonly {
    readonly name: string;
    readonly text?: string;
    readonly hex?: string;
    readonly parts?: readonly { readonly text?: string; readonly hex?: string; readonly times: number }[];
  }[];
  const decode = (part: { readonly text?: string; readonly hex?: string }): Buffer =>
    part.hex === undefined ? Buffer.from(part.text ?? '', 'latin1') : Buffer.from(part.hex.replaceAll(' ', ''), 'hex');
  return entries.map((entry) => ({
    name: entry.name,
    bytes: Buffer.concat([
      decode(entry),
      ...(entry.parts ?? []).map((part) => Buffer.concat(Array<Buffer>(part.times).fill(decode(part)))),
    ]),
  }));
}
