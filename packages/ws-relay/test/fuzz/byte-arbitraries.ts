import * as fc from 'fast-check';

/** A stream of bytes, and where it is cut into the chunks in which it arrives. */
export interface CutBytes {
  readonly bytes: Buffer;
  readonly cuts: readonly number[];
}

/** One change to a stream; places are shares of its length, so that shrinking keeps them meaningful. */
interface Mutation {
  readonly kind: 'set' | 'insert' | 'remove' | 'repeat' | 'truncate';
  readonly place: number;
  readonly length: number;
  readonly bytes: Uint8Array;
}

const SCALE = 1 << 16;

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('set', 'insert', 'remove', 'repeat', 'truncate'),
  place: fc.nat(SCALE),
  length: fc.integer({ min: 1, max: 8 }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 4 }),
    // What parsers of text and of lengths trip over.
    fc.constantFrom(
      ...['\r', '\n', '\r\n', '\0', ' ', '\t', ':', ',', ';', '"', '\x7f', '\xa0', '\xff', '\x0b'].map(toBytes),
    ),
  ),
});

function toBytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

function mutate(bytes: Buffer, { kind, place, length, bytes: put }: Mutation): Buffer {
  const at = Math.floor((place / (SCALE + 1)) * (bytes.length + 1));
  const before = bytes.subarray(0, at);
  switch (kind) {
    case 'set':
      return Buffer.concat([before, put, bytes.subarray(at + put.length)]);
    case 'insert':
      return Buffer.concat([before, put, bytes.subarray(at)]);
    case 'remove':
      return Buffer.concat([before, bytes.subarray(at + length)]);
    case 'repeat':
      return Buffer.concat([before, bytes.subarray(at, at + length), bytes.subarray(at)]);
    case 'truncate':
      return Buffer.from(before);
    default:
      return kind satisfies never;
  }
}

/** Places at which a stream is cut, some of them close to each other. */
const cutShares: fc.Arbitrary<readonly number[]> = fc.oneof(fc.constant([]), fc.array(fc.nat(SCALE), { maxLength: 6 }));

/** Streams as `valid` makes them, changed in up to four places, and plain bytes beside them; each cut somewhere. */
export function cutBytes(valid: fc.Arbitrary<Buffer>): fc.Arbitrary<CutBytes> {
  const changed = fc
    .tuple(valid, fc.array(mutation, { maxLength: 4 }))
    .map(([bytes, list]) => list.reduce(mutate, bytes));
  const plain = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));
  return fc
    .tuple(
      fc.oneof({ weight: 4, arbitrary: valid }, { weight: 12, arbitrary: changed }, { weight: 1, arbitrary: plain }),
      cutShares,
    )
    .map(([bytes, shares]) => ({
      bytes,
      cuts: shares.map((share) => Math.floor((share / (SCALE + 1)) * bytes.length)).toSorted((a, b) => a - b),
    }));
}

/** The chunks of a stream. */
export function chunksOf({ bytes, cuts }: CutBytes): readonly Buffer[] {
  const places = [0, ...cuts, bytes.length];
  return places.slice(1).flatMap((end, i) => {
    const start = places[i] ?? 0;
    return end > start ? [bytes.subarray(start, end)] : [];
  });
}
