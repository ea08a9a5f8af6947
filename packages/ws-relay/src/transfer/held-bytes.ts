// Hot path for slow readers only: runs once per read that the other side's kernel did not take whole.

/** Sizes of the buffers that are used again; the last is the most that one read brings. */
const SIZES: readonly number[] = [16_384, 65_536, 262_144];

/** Below this, a buffer of its own costs less than one that is kept. */
const SMALLEST_BYTES = 4096;

/** Most bytes in buffers of one size that wait to be used again. */
const KEPT_BYTES = 1_048_576;

const kept: readonly Buffer[][] = SIZES.map(() => []);

/** Memory of this module. Small copies lie in Node's own pool, which others use at the same time. */
const own = new WeakSet<ArrayBufferLike>();

/**
 * Copies bytes that a kernel did not take, until it does. A reader that is slower than its sender makes this happen at
 * every other read: with a new buffer each time, the process would grow by some 20 MB of garbage per connection before
 * anything is collected.
 */
export function holdBytes(bytes: Buffer): Buffer {
  const index = bytes.length < SMALLEST_BYTES ? -1 : SIZES.findIndex((size) => size >= bytes.length);
  const size = SIZES[index];
  if (size === undefined) return Buffer.from(bytes);
  const buffer = kept[index]?.pop() ?? allocate(size);
  bytes.copy(buffer);
  return buffer.subarray(0, bytes.length);
}

/** Gives back what {@link holdBytes} gave, once nobody reads it any more; at most once. */
export function releaseBytes(held: Buffer): void {
  if (!own.has(held.buffer)) return;
  const size = held.buffer.byteLength;
  const list = kept[SIZES.indexOf(size)];
  if (list !== undefined && (list.length + 1) * size <= KEPT_BYTES) list.push(Buffer.from(held.buffer));
}

function allocate(size: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(size);
  own.add(buffer.buffer);
  return buffer;
}
