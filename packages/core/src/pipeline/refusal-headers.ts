import type { GatewayError } from '../errors/gateway-error.js';
import { copyError } from '../errors/copy-error.js';
import { isRelayHeader } from './relay-headers.js';

/** Whoever writes a refusal writes these itself, fit for its body. */
const OF_THE_BODY: ReadonlySet<string> = new Set(['content-type', 'content-length', 'cache-control']);

/** The lines that an error brings for its refusal: name, value, …. */
export function refusalLines(error: GatewayError): readonly string[] {
  return Object.entries(error.headers).flatMap(([name, value]) => [value].flat().flatMap((line) => [name, line]));
}

/**
 * The error with these lines in place of its own. What the refusal writes itself stays out, unless the error brought it.
 * Lines of one name are joined (RFC 9110 §5.3), but for those of `Set-Cookie`, which cannot be.
 * @param raw Name, value, ….
 */
export function withRefusalLines(error: GatewayError, raw: readonly string[]): GatewayError {
  const own = new Set(Object.keys(error.headers).map((name) => name.toLowerCase()));
  const lines = new Map<string, { readonly name: string; readonly values: readonly string[] }>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const key = name.toLowerCase();
    if (!own.has(key) && (OF_THE_BODY.has(key) || isRelayHeader(name))) continue;
    const former = lines.get(key);
    lines.set(key, { name: former?.name ?? name, values: [...(former?.values ?? []), value] });
  }
  const entries = [...lines].map(([key, { name, values }]): [string, string | readonly string[]] => [
    name,
    key === 'set-cookie' && values.length > 1 ? values : values.join(', '),
  ]);
  return copyError(error, { headers: Object.fromEntries(entries) });
}
