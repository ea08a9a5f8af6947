import type { JsonObject } from '@ocelot/core';

import { readChoice, readCookieName, readFlag, readNumber, readText } from './read-option.js';

/** Shorter ones can be found by trying. */
const SHORTEST_SECRET = 16;

/** What `LoadBalancerOptions` say of an affinity cookie. */
export interface AffinityOptions {
  /** Name of the cookie; undefined: one of the gateway's own choice. */
  readonly name: string | undefined;
  /** Text that the cookie is signed with; undefined: a key that lives as long as the gateway. */
  readonly secret: string | undefined;
  /** Everything of `Set-Cookie` behind the value, but `Secure`. */
  readonly attributes: string;
  /** Undefined: as the client came. */
  readonly isSecure: boolean | undefined;
  /** Whether each answer sets the cookie anew, because it expires. */
  readonly isRenewed: boolean;
  /** Who chooses for new clients. */
  readonly policy: 'RoundRobin' | 'LeastConnection';
}

/**
 * Reads the options of an affinity cookie, and refuses what browsers would refuse (RFC 6265bis §4.1, §5.7): there the
 * cookie would be lost without a word.
 * @throws Error naming the option; never with the secret in it.
 */
export function readAffinityOptions(options: JsonObject): AffinityOptions {
  const name = readCookieName(options['Key'], '');
  const path = readPath(options['Path']);
  const domain = readDomain(options['Domain']);
  const sameSite = readChoice('SameSite', options['SameSite'], ['Lax', 'Strict', 'None']);
  const isSecure = readFlag('Secure', options['Secure']);
  const maxAge = readMaxAge(options['Expiry']);
  if (sameSite === 'None' && isSecure !== true)
    throw new Error('"SameSite": "None" needs "Secure": true; browsers drop the cookie otherwise (RFC 6265bis §5.7).');
  if (/^__(?:secure|http|host)-/i.test(name) && isSecure !== true)
    throw new Error(`Key "${name}" needs "Secure": true because of its prefix (RFC 6265bis §4.1.3).`);
  if (/^__host-/i.test(name) && (domain !== '' || path !== '/'))
    throw new Error(`Key "${name}" allows no Domain and no Path but "/" because of its prefix (RFC 6265bis §4.1.3).`);
  return {
    name: name === '' ? undefined : name,
    secret: readSecret(options['Secret']),
    attributes: [
      `; Path=${path}`,
      domain === '' ? '' : `; Domain=${domain}`,
      maxAge === 0 ? '' : `; Max-Age=${maxAge}`,
      `; HttpOnly; SameSite=${sameSite}`,
    ].join(''),
    isSecure,
    isRenewed: maxAge > 0,
    policy: readChoice('Policy', options['Policy'], ['RoundRobin', 'LeastConnection']),
  };
}

function readSecret(value: JsonObject[string]): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string' || value.length < SHORTEST_SECRET)
    throw new Error(`Secret must be a text of at least ${SHORTEST_SECRET} characters.`);
  return value;
}

/** In whole seconds, as cookies count; 0: until the browser is closed. */
function readMaxAge(value: JsonObject[string]): number {
  return Math.ceil(Math.max(0, readNumber('Expiry', 'a number of milliseconds', value, 0)) / 1_000);
}

function readPath(value: JsonObject[string]): string {
  const path = readText('Path', 'a path', value);
  if (path !== '' && !/^\/[\x21-\x3a\x3c-\x7e]*$/.test(path))
    throw new Error(`Path must begin with "/" and hold no blank and no ";", not ${JSON.stringify(path)}.`);
  return path === '' ? '/' : path;
}

function readDomain(value: JsonObject[string]): string {
  const domain = readText('Domain', 'the name of a host', value);
  if (domain !== '' && !/^\.?[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i.test(domain))
    throw new Error(`Domain must be the name of a host, not ${JSON.stringify(domain)}.`);
  return domain;
}
