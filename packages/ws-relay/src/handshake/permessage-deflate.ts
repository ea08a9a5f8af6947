import type { Extension } from './extensions.js';

/** Name of the extension of RFC 7692. */
export const PERMESSAGE_DEFLATE = 'permessage-deflate';

const WINDOW_BITS = /^(?:[89]|1[0-5])$/;

/** Whether a value is 8 to 15, in decimal without leading zeros (RFC 7692 §7.1.2). */
export function isWindowBits(value: string): boolean {
  return WINDOW_BITS.test(value);
}

/**
 * Checks the parameters with which a backend accepts permessage-deflate (RFC 7692 §7.1): known ones, each at most once,
 * with the value it must have, within what was offered. A client must fail the connection otherwise; some crash instead
 * (CVE-2026-2229). That a backend leaves out a window size it was asked for is left to the client to judge.
 * @param offers Every offer of the extension; a backend does not say which one it accepts.
 * @returns what is wrong, or undefined.
 */
export function deflateFault(accepted: Extension, offers: readonly Extension[]): string | undefined {
  const seen = new Set<string>();
  for (const { name, value } of accepted.parameters) {
    if (seen.has(name)) return `repeats the parameter ${name}`;
    seen.add(name);
    const fault = parameterFault(name, value);
    if (fault !== undefined) return fault;
  }
  return offers.some((offer) => fits(accepted, offer)) ? undefined : 'goes beyond the window sizes that were offered';
}

function parameterFault(name: string, value: string | undefined): string | undefined {
  switch (name) {
    case 'server_no_context_takeover':
    case 'client_no_context_takeover':
      return value === undefined ? undefined : `gives a value to the parameter ${name}`;
    case 'server_max_window_bits':
    case 'client_max_window_bits':
      return value !== undefined && isWindowBits(value) ? undefined : `sends a ${name} that is not 8 to 15`;
    default:
      return `sends an unknown parameter of ${PERMESSAGE_DEFLATE}`;
  }
}

/** `client_max_window_bits` answers an offer only (§7.1.2.2); `server_max_window_bits` never exceeds one (§7.1.2.1). */
function fits(accepted: Extension, offer: Extension): boolean {
  if (parameter(accepted, 'client_max_window_bits') !== undefined) {
    if (parameter(offer, 'client_max_window_bits') === undefined) return false;
  }
  const limit = parameter(offer, 'server_max_window_bits')?.value;
  const bits = parameter(accepted, 'server_max_window_bits')?.value;
  return limit === undefined || bits === undefined || Number(bits) <= Number(limit);
}

function parameter(extension: Extension, wanted: string): Extension['parameters'][number] | undefined {
  return extension.parameters.find(({ name }) => name === wanted);
}
