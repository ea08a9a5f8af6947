import type { GatewayError } from '../errors/gateway-error.js';
import { copyError } from '../errors/copy-error.js';
import { isRelayHeader } from './relay-headers.js';

/** Whoever writes a refusal writes these itself, fit for its body. */
const OF_THE_BODY: ReadonlySet<string> = new Set(['content-type', 'content-length', 'cache-control']);

/** The lines that an error brings for its refusal: name, value, …. */
export function refusalLines(error: GatewayError): readonly string[] {
  return Object.entries(error.headers).flat();
}

/**
 * The error with these lines in place of its own. What the refusal writes itself stays out, unless the error brought it.
 * Lines of one name are joined (RFC 9110 §5.3); of `Set-Cookie`, which cannot be joined, the last one is left.
 * @param raw Name, value, ….
 */
export function withRefusalLines(error: GatewayError, raw: readonly string[]): GatewayError {
  const own = new Set(Object.keys(error.headers).map((name) => name.toLowerCase()));
  const lines = new Map<string, { readonly name: string; readonly value: string }>();
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? '';
    const value = raw[index + 1] ?? '';
    const key = name.toLowerCase();
    if (!own.has(key) && (OF_THE_BODY.has(key) || isRelayHeader(name))) continue;
    const former = key === 'set-cookie' ? undefined : lines.get(key);
    lines.set(key, former === undefined ? { name, value } : { name: former.name, value: `${former.value}, ${value}` });
  }
  return copyError(error, { headers: Object.fromEntries([...lines.values()].map((line) => [line.name, line.value])) });
}
