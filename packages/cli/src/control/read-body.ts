import type { IncomingMessage } from 'node:http';

/**
 * Reads the body of a request as text.
 * @returns undefined when it has more than `mostBytes`; the rest is not read.
 * @throws Error when the client leaves in the middle.
 */
export async function readBody(request: IncomingMessage, mostBytes: number): Promise<string | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > mostBytes) return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Leaving the loop by an iterator of its own would destroy the socket, and the answer with it.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
