import { createReadStream } from 'node:fs';

import { CommandError } from './command-error.js';

/** A hundred thousand routes need a third of this; a device or a disk image that was named by mistake is larger. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Reads a whole file, but no more of it than a configuration can have: `/dev/zero` has no end.
 * @param shown how messages name it.
 * @throws CommandError when it is larger; the system's error when it cannot be read.
 */
export async function readLimited(path: string, shown: string, mostBytes: number = MOST_BYTES): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes)
      throw new CommandError(
        `${shown} has more than ${mostBytes / 1024 / 1024} MiB: no configuration is that large.`,
        'Name an ocelot.json, or a folder with one.',
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
