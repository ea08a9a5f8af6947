import type { Exchange, Identity, Route } from '@ocelot/core';

import { textEntries } from '../route-settings.js';
import { headerNameFault, headerValue } from './header-value.js';
import { claimText, type ClaimInstruction, readInstruction } from './instruction.js';
import { pathValue } from './path-value.js';
import { setParameter, withoutParameter } from './query-parameter.js';

/** What a route makes of the claims of its clients. */
export interface ClaimTransforms {
  /** `AddClaimsToRequest`: runs before authorization, as in Ocelot, so that requirements may name what it adds. */
  readonly claims: readonly ClaimInstruction[];
  /** `AddHeadersToRequest`. */
  readonly headers: readonly ClaimInstruction[];
  /** `AddQueriesToRequest`. */
  readonly queries: readonly ClaimInstruction[];
  /** `ChangeDownstreamPathTemplate`. */
  readonly path: readonly ClaimInstruction[];
}

/** Gathers what is wrong: the rest of the place, the fault, and what to do. */
export type Complain = (place: string, message: string, hint: string) => void;

const FORM = 'Write "Claims[type] > value", or "Claims[type] > value[0] > |" for one part of it.';

/**
 * Reads the four keys of a route. Ocelot drops instructions that it cannot read, without a word; here each of them is
 * an error, since the backend would believe a header of that name that the client wrote.
 */
export function readTransforms(route: Route, complain: Complain): ClaimTransforms {
  const read = (key: string, fault: (name: string) => string | undefined, hint: string): ClaimInstruction[] =>
    textEntries(route.file[key]).flatMap(([name, text]) => {
      const place = `${key}/${pointerToken(name)}`;
      const wrong = fault(name);
      if (wrong !== undefined) complain(place, wrong, hint);
      try {
        return [readInstruction(name, text)];
      } catch (error) {
        complain(place, (error as SyntaxError).message, FORM);
        return [];
      }
    });
  const anyName = (): undefined => undefined;
  const template = route.rewrite.pathTemplate;
  return {
    claims: read('AddClaimsToRequest', anyName, ''),
    headers: read('AddHeadersToRequest', headerNameFault, 'Take another name, such as X-User-Id.'),
    queries: read('AddQueriesToRequest', anyName, ''),
    path: read(
      'ChangeDownstreamPathTemplate',
      (name) => (template.includes(`{${name}}`) ? undefined : `The path template ${template} has no {${name}}.`),
      'Put the placeholder into DownstreamPathTemplate, or take the entry out.',
    ),
  };
}

/** The same identity with the claims of `AddClaimsToRequest`, each in place of one of its name. */
export function withAddedClaims(identity: Identity, added: readonly ClaimInstruction[]): Identity {
  if (added.length === 0) return identity;
  // Without a prototype: a claim may be called as something that every object has.
  const claims = Object.assign(Object.create(null) as Record<string, readonly string[]>, identity.claims);
  // Each is made of what the ones before left, as in Ocelot.
  for (const instruction of added) {
    claims[instruction.key] = [claimText({ claims }, instruction)];
  }
  return { ...identity, claims: Object.freeze(claims) };
}

/**
 * Fills placeholders of the path from claims. Before anything else writes into path or query, which are made anew.
 * @throws GatewayError FORBIDDEN when a claim is missing or no segment of a path.
 */
export function rewritePath(
  exchange: Exchange,
  identity: Pick<Identity, 'claims'>,
  path: readonly ClaimInstruction[],
): void {
  if (path.length === 0) return;
  const values: Record<string, string> = { ...exchange.params };
  for (const instruction of path)
    values[instruction.key] = pathValue(claimText(identity, instruction), instruction.type);
  exchange.rewrite(values);
}

/**
 * Writes claims into headers and query for the backend, in place of whatever the client sent under these names.
 * @throws GatewayError FORBIDDEN when a claim is missing (Ocelot: CannotFindClaim), or cannot be in a header.
 */
export function writeClaims(
  { outgoing }: Exchange,
  identity: Pick<Identity, 'claims'>,
  { headers, queries }: ClaimTransforms,
): void {
  for (const instruction of headers) {
    outgoing.headers.set(instruction.key, headerValue(claimText(identity, instruction), instruction.type));
  }
  for (const instruction of queries) {
    outgoing.query = setParameter(outgoing.query, instruction.key, claimText(identity, instruction));
  }
}

/** Takes out what only claims may say: for requests that pass without an identity. */
export function eraseClaims({ outgoing }: Exchange, { headers, queries }: ClaimTransforms): void {
  for (const { key } of headers) outgoing.headers.delete(key);
  for (const { key } of queries) outgoing.query = withoutParameter(outgoing.query, key);
}

/** RFC 6901 §3. */
function pointerToken(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
