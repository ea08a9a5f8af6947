// Runs once per request of a route with AddQueriesToRequest; the client's other parameters keep their bytes.

/**
 * Puts a parameter behind a query in place of what the client sent under its name, in whatever spelling: percent-encoded,
 * in another case (ASP.NET compares names without), or hidden behind a `;`, which some servers take for a `&`.
 * @param query With its leading `?`, or empty.
 */
export function setParameter(query: string, name: string, value: string): string {
  const kept = withoutParameter(query, name);
  return `${kept.length < 2 ? '?' : `${kept}&`}${encode(name)}=${encode(value)}`;
}

function encode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'));
}

/** Takes every parameter of a name out of a query, byte-exactly for the others. */
export function withoutParameter(query: string, name: string): string {
  const wanted = name.trim().toLowerCase();
  const pieces = query.slice(1).split('&');
  if (!pieces.some((piece) => isNamed(piece, wanted))) return query;
  const kept = pieces.flatMap((piece) => {
    if (!isNamed(piece, wanted)) return [piece];
    const rest = piece.split(';').filter((part) => !isNamedPart(part, wanted));
    return rest.length === 0 ? [] : [rest.join(';')];
  });
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

/** How often a query names a parameter, in whatever spelling. */
export function countParameter(query: string, name: string): number {
  const wanted = name.trim().toLowerCase();
  return query
    .slice(1)
    .split(/[&;]/)
    .filter((part) => isNamedPart(part, wanted)).length;
}

function isNamed(piece: string, wanted: string): boolean {
  return piece.split(';').some((part) => isNamedPart(part, wanted));
}

function isNamedPart(part: string, wanted: string): boolean {
  const [name = ''] = part.split('=', 1);
  return decodeForm(name).trim().toLowerCase() === wanted;
}

/** `%XX` decoded as UTF-8 where it is; what is no escape stays. */
function decodeForm(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  return Buffer.from(
    spaced.replace(/%([0-9a-f]{2})|([^\x00-\x7f])/gi, (_, hex: string | undefined, wide: string | undefined) =>
      hex === undefined ? Buffer.from(wide ?? '').toString('latin1') : String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  ).toString('utf8');
}
