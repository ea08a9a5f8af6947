import type { GatewayConfig, JsonObject, Route } from '@ocelot/core';

/** What `Gateway.Authentication` says about the sockets of a route. */
export interface RouteSettings {
  /** Section in force, its keys merged one by one: what the route says over what is said for all. */
  readonly section: JsonObject;
  /** Close code of sockets whose credentials ended; undefined: that of the catalogue, 4401. */
  readonly closeCode: number | undefined;
  /** `type` of the messages by which clients renew their token; undefined: messages are not read. */
  readonly renewalType: string | undefined;
  /** How often the credentials of open sockets are checked anew, in milliseconds; 0: never. */
  readonly recheckMs: number;
}

/** `AuthenticationOptions` of a route. */
export interface AuthenticationOptions {
  /** Names of providers in the order of asking; empty: nobody is asked who he is. */
  readonly schemes: readonly string[];
  readonly scopes: readonly string[];
  readonly isAnonymousAllowed: boolean;
}

/** Reads the options of a route: the single key of old files first, then the list, each name once (Ocelot's order). */
export function authenticationOptions(route: Route): AuthenticationOptions {
  const options = route.options.authentication ?? {};
  const isAnonymousAllowed = options['AllowAnonymous'] === true;
  const named = [options['AuthenticationProviderKey'], ...textsOf(options['AuthenticationProviderKeys'])];
  const schemes = named.filter((name): name is string => typeof name === 'string' && name.trim() !== '');
  return {
    schemes: isAnonymousAllowed ? [] : [...new Set(schemes)],
    scopes: isAnonymousAllowed ? [] : textsOf(options['AllowedScopes']),
    isAnonymousAllowed,
  };
}

/** Reads `Gateway.Authentication` of a route over the global one. */
export function routeSettings(route: Route, config: GatewayConfig): RouteSettings {
  const section = { ...globalSection(config), ...objectOf(route.options.gateway['Authentication']) };
  const renewal = objectOf(section['Renewal']);
  const type = renewal['MessageType'];
  const code = section['CloseCode'];
  const recheck = section['RecheckIntervalMs'];
  return {
    section,
    closeCode: typeof code === 'number' ? code : undefined,
    renewalType: typeof type === 'string' && type !== '' ? type : undefined,
    recheckMs: typeof recheck === 'number' ? recheck : 0,
  };
}

/** `GlobalConfiguration.Gateway.Authentication` as written. */
export function globalSection(config: GatewayConfig): JsonObject {
  return objectOf(objectOf(config.global['Gateway'])['Authentication']);
}

/** The value where it is an object, else an empty one: types were checked when the file was read. */
export function objectOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** A map of texts as pairs: types were checked when the file was read. */
export function textEntries(value: unknown): readonly (readonly [name: string, text: string])[] {
  return Object.entries(objectOf(value)).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : []));
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
