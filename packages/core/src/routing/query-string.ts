// Query strings as bytes: a text whose characters are bytes 0-255. Escapes are decoded to bytes and written again from
// bytes, so what is no UTF-8 survives. Runs once per request, and only where Ocelot parses the query.

/** One parameter, decoded. */
export interface QueryParameter {
  readonly name: string;
  /** Undefined when there is no `=`. */
  readonly value: string | undefined;
}

/** What is left alone; everything else becomes `%XX` in upper case (Ocelot: UrlEncoder.Default). */
const KEPT = /[^A-Za-z0-9\-._~!$()*,;@]/g;

/** Reads a query as a form does: `+` is a blank, the first `=` divides, empty pieces are dropped. No leading `?`. */
export function parseQuery(query: string): readonly QueryParameter[] {
  const parameters: QueryParameter[] = [];
  for (const piece of query.split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = decodeForm(equals < 0 ? piece : piece.slice(0, equals));
    parameters.push({ name, value: equals < 0 ? undefined : decodeForm(piece.slice(equals + 1)) });
  }
  return parameters;
}

/** Writes parameters with their `?`; the empty text when there is none. */
export function writeQuery(parameters: Iterable<{ readonly name: string; readonly value: string }>): string {
  let written = '';
  for (const { name, value } of parameters) {
    written += `${written === '' ? '?' : '&'}${encodeBytes(name)}=${encodeBytes(value)}`;
  }
  return written;
}

/** The UTF-8 bytes of a text, in the form in which names and values are compared here. */
export function toBytes(text: string): string {
  return decodeEscapes(encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd')));
}

function decodeForm(text: string): string {
  return decodeEscapes(text.replaceAll('+', ' '));
}

function decodeEscapes(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function encodeBytes(bytes: string): string {
  return bytes.replace(KEPT, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
