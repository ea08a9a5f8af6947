/**
 * Reads one cookie out of a `Cookie` header (RFC 6265 §4.2.1). Names are compared without case, as ASP.NET Core, and
 * so Ocelot, compares them; of several cookies with the name the first counts.
 * @returns undefined when the cookie is absent or empty.
 */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  const wanted = name.toLowerCase();
  for (const pair of header.split(';')) {
    const value = valueIn(pair, wanted);
    if (value !== undefined) return value === '' ? undefined : value;
  }
  return undefined;
}

/**
 * Every value of a cookie, in order: a client sends those that it has for several paths and domains side by side, and
 * does not say which is whose (RFC 6265 §5.4). Empty ones are left out.
 */
export function cookieValues(header: string | undefined, name: string): readonly string[] {
  if (header === undefined) return [];
  const wanted = name.toLowerCase();
  return header.split(';').flatMap((pair) => valueIn(pair, wanted) || []);
}

/**
 * The value that an answer gives to a cookie by `Set-Cookie`; of several lines with the name the last counts, as it
 * does for clients (RFC 6265 §5.3).
 * @param rawHeaders Name, value, name, value, ….
 * @returns undefined when no line has the name, or the value is empty.
 */
export function setCookieValue(rawHeaders: readonly string[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  let last: string | undefined;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const header = rawHeaders[at] ?? '';
    if (header.length !== 10 || header.toLowerCase() !== 'set-cookie') continue;
    last = valueIn((rawHeaders[at + 1] ?? '').split(';', 1)[0] ?? '', wanted) ?? last;
  }
  return last === '' ? undefined : last;
}

/** The value in `name=value`; undefined when it is another cookie's. */
function valueIn(pair: string, lowerCaseName: string): string | undefined {
  const equals = pair.indexOf('=');
  if (equals === -1 || pair.slice(0, equals).trim().toLowerCase() !== lowerCaseName) return undefined;
  return pair.slice(equals + 1).trim();
}
