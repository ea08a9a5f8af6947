/**
 * Reads one cookie out of a `Cookie` header (RFC 6265 §4.2.1). Names are compared without case, as ASP.NET Core, and
 * so Ocelot, compares them; of several cookies with the name the first counts.
 * @returns undefined when the cookie is absent or empty.
 */
export function cookieValue(header: string | undefined, name: string): string | undefined {
  if (header === undefined) return undefined;
  const wanted = name.toLowerCase();
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=');
    if (equals === -1 || pair.slice(0, equals).trim().toLowerCase() !== wanted) continue;
    const value = pair.slice(equals + 1).trim();
    return value === '' ? undefined : value;
  }
  return undefined;
}
