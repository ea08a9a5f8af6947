/** Characters of a token (RFC 9110 §5.6.2). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether a text is a token (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** The values of one header name, compared without case, in order. */
export function headerValues(rawHeaders: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) values.push((rawHeaders[i + 1] ?? '').trim());
  }
  return values;
}

/** The elements of a comma-separated list over several lines; empty elements do not count (RFC 9110 §5.6.1). */
export function listElements(values: readonly string[]): readonly string[] {
  return values
    .flatMap((value) => value.split(','))
    .map((element) => element.trim())
    .filter((element) => element !== '');
}

/** Whether a list names `token`, compared without case. */
export function hasToken(values: readonly string[], token: string): boolean {
  return listElements(values).some((element) => element.toLowerCase() === token);
}

/**
 * The names of the extensions in a `Sec-WebSocket-Extensions` header, in lower case (RFC 6455 §9.1). A comma inside a
 * quoted parameter does not part elements.
 */
export function extensionNames(values: readonly string[]): readonly string[] {
  return values
    .flatMap((value) => value.match(/(?:"(?:\\.|[^"\\])*"|[^,"])+/g) ?? [])
    .map((element) => (element.split(';')[0] ?? '').trim().toLowerCase())
    .filter((name) => name !== '');
}
