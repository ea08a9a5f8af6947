import type { RouteCompression } from '@ocelot/core';

import type { Extension } from './extensions.js';
import { isWindowBits, PERMESSAGE_DEFLATE } from './permessage-deflate.js';

/** permessage-deflate as agreed with one side (RFC 7692 §7.1). */
export interface DeflateParameters {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverWindowBits: number;
  readonly clientWindowBits: number;
}

const WIDEST = 15;

/** Whether the gateway compresses with the side. */
export function compressesWith(side: 'client' | 'backend', { legs }: RouteCompression): boolean {
  return legs === 'both' || legs === side;
}

/**
 * What the gateway offers to a backend. The second offer is for servers that know no smaller window: they have to
 * decline the first one as a whole (RFC 7692 §7.1.2.1).
 */
export function deflateOffer({ contextTakeover, windowBits: bits }: RouteCompression): string {
  const takeover = contextTakeover ? '' : '; server_no_context_takeover; client_no_context_takeover';
  const plain = `${PERMESSAGE_DEFLATE}; client_max_window_bits${takeover}`;
  return bits < WIDEST ? `${plain}; server_max_window_bits=${bits}, ${plain}` : plain;
}

/**
 * What a backend has agreed to.
 * @param accepted The extensions of its 101, already checked against the offer.
 */
export function agreedByBackend(
  accepted: readonly Extension[],
  { contextTakeover, windowBits: bits }: RouteCompression,
): DeflateParameters | undefined {
  const extension = accepted.find(({ name }) => name === PERMESSAGE_DEFLATE);
  if (extension === undefined) return undefined;
  const given = valuesOf(extension);
  return {
    serverNoContextTakeover: given.has('server_no_context_takeover'),
    clientNoContextTakeover: !contextTakeover || given.has('client_no_context_takeover'),
    serverWindowBits: Number(given.get('server_max_window_bits') ?? WIDEST),
    clientWindowBits: Math.min(bits, Number(given.get('client_max_window_bits') ?? WIDEST)),
  };
}

/**
 * Takes the first offer of a client that is valid (RFC 7692 §5.1 has the others declined).
 * @returns what is agreed, and the value of the header that says so; undefined: nothing.
 */
export function agreeWithClient(
  offers: readonly Extension[],
  compression: RouteCompression,
): { readonly parameters: DeflateParameters; readonly answer: string } | undefined {
  const offer = offers.find((extension) => extension.name === PERMESSAGE_DEFLATE && isValidOffer(extension));
  if (offer === undefined) return undefined;
  const given = valuesOf(offer);
  const { contextTakeover, windowBits: bits } = compression;
  const parameters: DeflateParameters = {
    serverNoContextTakeover: !contextTakeover || given.has('server_no_context_takeover'),
    clientNoContextTakeover: !contextTakeover || given.has('client_no_context_takeover'),
    serverWindowBits: Math.min(bits, Number(given.get('server_max_window_bits') ?? WIDEST)),
    // Only a client that says so can use a smaller window (§7.1.2.2).
    clientWindowBits: given.has('client_max_window_bits')
      ? Math.min(bits, Number(given.get('client_max_window_bits') ?? WIDEST))
      : WIDEST,
  };
  const answer = [PERMESSAGE_DEFLATE];
  if (parameters.serverNoContextTakeover) answer.push('server_no_context_takeover');
  if (parameters.clientNoContextTakeover) answer.push('client_no_context_takeover');
  if (parameters.serverWindowBits < WIDEST || given.has('server_max_window_bits')) {
    answer.push(`server_max_window_bits=${parameters.serverWindowBits}`);
  }
  if (given.has('client_max_window_bits')) answer.push(`client_max_window_bits=${parameters.clientWindowBits}`);
  return { parameters, answer: answer.join('; ') };
}

function isValidOffer({ parameters, isWellFormed }: Extension): boolean {
  const names = new Set(parameters.map(({ name }) => name));
  return (
    isWellFormed &&
    names.size === parameters.length &&
    parameters.every(({ name, value }) => {
      switch (name) {
        case 'server_no_context_takeover':
        case 'client_no_context_takeover':
          return value === undefined;
        case 'server_max_window_bits':
          return value !== undefined && isWindowBits(value);
        case 'client_max_window_bits':
          return value === undefined || isWindowBits(value);
        default:
          return false;
      }
    })
  );
}

function valuesOf({ parameters }: Extension): ReadonlyMap<string, string | undefined> {
  return new Map(parameters.map(({ name, value }) => [name, value]));
}
