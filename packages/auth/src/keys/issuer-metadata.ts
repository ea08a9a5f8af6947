import { fetchJson, type FetchJsonOptions, StatusError } from './fetch-json.js';

/** What is used of the metadata of an issuer. */
export interface IssuerMetadata {
  readonly issuer: string;
  readonly jwksUrl: string;
}

/**
 * Asks an issuer for its metadata: OpenID Connect Discovery 1.0 §4 first, RFC 8414 §3 where that is 404.
 * @param authority URL of the issuer, with or without a slash at its end.
 * @param mayDiffer Whether the metadata may name another issuer (RFC 8414 §3.3 forbids it): when the configuration says
 *   which issuer tokens must name.
 * @throws Error when it does not answer, or not with what is needed.
 */
export async function fetchIssuerMetadata(
  authority: string,
  mayDiffer: boolean,
  options: FetchJsonOptions,
): Promise<IssuerMetadata> {
  const base = authority.replace(/\/+$/, '');
  const document = await fetchFirst([`${base}/.well-known/openid-configuration`, oauthUrl(base)], options);
  const { issuer, jwks_uri: jwksUrl } = document;
  if (typeof issuer !== 'string' || typeof jwksUrl !== 'string') {
    throw new Error(`The metadata of ${base} name no issuer or no jwks_uri.`);
  }
  if (!mayDiffer && issuer.replace(/\/+$/, '') !== base) {
    throw new Error(`The metadata of ${base} are those of another issuer. Set Issuer if that is meant.`);
  }
  return { issuer, jwksUrl };
}

async function fetchFirst(urls: readonly string[], options: FetchJsonOptions): ReturnType<typeof fetchJson> {
  const [url = '', ...others] = urls;
  try {
    return await fetchJson(url, options);
  } catch (error) {
    if (others.length === 0 || !(error instanceof StatusError) || error.status !== 404) throw error;
    return fetchFirst(others, options);
  }
}

/** The well-known part stands before the path (RFC 8414 §3.1). */
function oauthUrl(base: string): string {
  const { origin, pathname } = new URL(base);
  return `${origin}/.well-known/oauth-authorization-server${pathname === '/' ? '' : pathname}`;
}
