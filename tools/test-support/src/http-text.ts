/** A request or response head as it stood on the wire. */
export interface RawHead {
  /** The first line. */
  readonly line: string;
  /** The number in a status line; 0 for a request. */
  readonly status: number;
  readonly reason: string;
  /** Method and target of a request line; empty for a response. */
  readonly method: string;
  readonly target: string;
  /** Name and value of every line, in order, case kept. */
  readonly headers: readonly (readonly [string, string])[];
  /** First value of a name, compared without case. */
  get(name: string): string | undefined;
  /** Every value of a name. */
  all(name: string): readonly string[];
}

/** Parses a head; throws when a line is not `name: value`. */
export function parseHead(text: string): RawHead {
  const [line = '', ...rest] = text.replace(/\r\n\r\n$/, '').split('\r\n');
  const headers = rest.map((entry): readonly [string, string] => {
    const colon = entry.indexOf(':');
    if (colon <= 0) throw new Error(`not a header line: ${JSON.stringify(entry)}`);
    return [entry.slice(0, colon), entry.slice(colon + 1).trim()];
  });
  const response = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(line);
  const request = /^(\S+) (\S+) HTTP\/1\.[01]$/.exec(line);
  const all = (name: string): readonly string[] =>
    headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return {
    line,
    status: Number(response?.[1] ?? 0),
    reason: response?.[2] ?? '',
    method: request?.[1] ?? '',
    target: request?.[2] ?? '',
    headers,
    get: (name) => all(name)[0],
    all,
  };
}

/**
 * Reads the body that belongs to a response head out of `bytes`.
 * @returns undefined while it is not complete; else its content and how many bytes it took on the wire.
 */
export function readHttpBody(
  head: RawHead,
  bytes: Buffer,
  ended: boolean,
): { readonly content: Buffer; readonly size: number } | undefined {
  if (head.status === 204 || head.status === 304) return { content: Buffer.alloc(0), size: 0 };
  if (head.get('transfer-encoding') === 'chunked') return readChunked(bytes);
  const length = head.get('content-length');
  if (length !== undefined) {
    const size = Number(length);
    return bytes.length < size ? undefined : { content: Buffer.from(bytes.subarray(0, size)), size };
  }
  return ended ? { content: Buffer.from(bytes), size: bytes.length } : undefined;
}

function readChunked(bytes: Buffer): { readonly content: Buffer; readonly size: number } | undefined {
  const parts: Buffer[] = [];
  let offset = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', offset);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', offset, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error('not a chunk size');
    const start = lineEnd + 2;
    if (bytes.length < start + size + 2) return undefined;
    if (bytes.toString('latin1', start + size, start + size + 2) !== '\r\n') throw new Error('a chunk does not end');
    parts.push(bytes.subarray(start, start + size));
    offset = start + size + 2;
    if (size === 0) return { content: Buffer.concat(parts), size: offset };
  }
}
