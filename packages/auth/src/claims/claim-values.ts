import type { Identity } from '@ocelot/core';

/**
 * Long names that ASP.NET gives to claims of a JWT unless told otherwise (`JwtSecurityTokenHandler`,
 * DefaultInboundClaimTypeMap), and what the token itself calls them: configurations written for Ocelot use them.
 */
const DOTNET_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier', ['sub', 'nameid']],
  ['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name', ['unique_name', 'name']],
  ['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress', ['email']],
  ['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname', ['given_name']],
  ['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname', ['family_name']],
  ['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn', ['upn']],
  ['http://schemas.microsoft.com/ws/2008/06/identity/claims/role', ['role', 'roles']],
  ['http://schemas.microsoft.com/identity/claims/scope', ['scp']],
  ['http://schemas.microsoft.com/identity/claims/tenantid', ['tid']],
  ['http://schemas.microsoft.com/identity/claims/objectidentifier', ['oid']],
  ['http://schemas.microsoft.com/identity/claims/identityprovider', ['idp']],
]);

const NONE: readonly string[] = [];

/**
 * The values of a claim, compared with case (Ocelot: ClaimsParser); of a long name of ASP.NET those of the claim that
 * it stands for.
 * @returns empty when the identity has no such claim.
 */
export function claimValues({ claims }: Pick<Identity, 'claims'>, type: string): readonly string[] {
  const own = ownValues(claims, type);
  if (own.length > 0) return own;
  const [name] = (DOTNET_NAMES.get(type) ?? NONE).filter((short) => ownValues(claims, short).length > 0);
  return name === undefined ? NONE : ownValues(claims, name);
}

function ownValues(claims: Identity['claims'], type: string): readonly string[] {
  return (Object.hasOwn(claims, type) ? claims[type] : undefined) ?? NONE;
}
