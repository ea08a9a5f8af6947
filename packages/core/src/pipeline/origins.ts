import { GatewayError } from '../errors/gateway-error.js';

/**
 * Compiles `AllowedOrigins` into a test of the `Origin` header: exact origins (`https://example.com`, with a port where
 * it is not the scheme's own) or `https://*.example.com` for every subdomain at any depth, not for `example.com`
 * itself. Scheme and host are compared without case (RFC 6454 §4).
 *
 * A request without `Origin` passes: only browsers can be tricked into opening a socket to somebody else's gateway, and
 * they always send it (RFC 6455 §10.2). `null`, the origin of sandboxed pages, passes only if it is listed.
 *
 * @returns undefined when the list is empty: any origin, or none.
 * @throws GatewayError CONFIG_INVALID naming the entry that is no origin.
 */
export function compileOrigins(allowed: readonly string[]): ((origin: string | undefined) => boolean) | undefined {
  if (allowed.length === 0) return undefined;
  const exact = new Set<string>();
  const wildcards: { readonly head: string; readonly tail: string }[] = [];
  for (const entry of allowed) {
    const origin = normalize(entry);
    const [head = '', tail] = origin.split('*.');
    if (tail === undefined) exact.add(origin);
    else wildcards.push({ head, tail: `.${tail}` });
  }
  return (origin) => {
    if (origin === undefined) return true;
    const normal = withoutDefaultPort(origin.toLowerCase());
    return exact.has(normal) || wildcards.some(({ head, tail }) => isSubdomain(normal, head, tail));
  };
}

const ENTRY = /^[a-z][a-z\d+\-.]*:\/\/(?:\*\.)?(?:\[[\da-f:.]+\]|[a-z\d\-._~%]+)(?::\d{1,5})?$/;

function normalize(entry: string): string {
  const text = entry.trim().toLowerCase().replace(/\/$/, '');
  if (text === 'null' || ENTRY.test(text)) return withoutDefaultPort(text);
  throw new GatewayError('OCELOT_ERR_CONFIG_INVALID', {
    message: `"${entry}" is no origin: write "https://example.com" or "https://*.example.com", without a path.`,
    details: { entry },
  });
}

function withoutDefaultPort(origin: string): string {
  return origin.replace(/^(https:.*):443$/, '$1').replace(/^(http:.*):80$/, '$1');
}

function isSubdomain(origin: string, head: string, tail: string): boolean {
  if (!origin.startsWith(head) || !origin.endsWith(tail)) return false;
  const label = origin.slice(head.length, -tail.length);
  return /^[a-z\d\-._]+$/.test(label);
}
