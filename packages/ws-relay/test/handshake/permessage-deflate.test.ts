import { describe, expect, it } from 'vitest';

import { readExtensions } from '../../src/handshake/extensions.js';
import { deflateFault } from '../../src/handshake/permessage-deflate.js';

const PLAIN = 'permessage-deflate';
const WINDOWS = 'permessage-deflate; server_max_window_bits=12; client_max_window_bits';

function faultOf(accepted: string, offer: string): string | undefined {
  const [extension] = readExtensions([accepted]);
  return extension === undefined ? 'nothing' : deflateFault(extension, readExtensions([offer]));
}

describe('deflateFault', () => {
  it.each([
    ['no parameters at all', PLAIN, WINDOWS],
    ['no_context_takeover, offered or not (RFC 7692 §7.1.1)', `${PLAIN}; server_no_context_takeover`, PLAIN],
    ['both of them', `${PLAIN}; client_no_context_takeover; server_no_context_takeover`, PLAIN],
    ['a server window that was not asked for (RFC 7692 §7.1.2.1)', `${PLAIN}; server_max_window_bits=9`, PLAIN],
    ['a server window as large as offered', `${PLAIN}; server_max_window_bits=12`, WINDOWS],
    ['a smaller one', `${PLAIN}; server_max_window_bits=8`, WINDOWS],
    ['a quoted number', `${PLAIN}; server_max_window_bits="10"`, WINDOWS],
    ['a client window that was offered (RFC 7692 §7.1.2.2)', `${PLAIN}; client_max_window_bits=15`, WINDOWS],
    ['what fits the second of two offers', `${PLAIN}; client_max_window_bits=9`, `${PLAIN}, ${WINDOWS}`],
  ])('passes %s', (_, accepted, offer) => {
    expect(faultOf(accepted, offer)).toBeUndefined();
  });

  it.each([
    ['an unknown parameter', `${PLAIN}; window=9`, WINDOWS, /unknown/],
    ['a parameter twice', `${PLAIN}; server_no_context_takeover; server_no_context_takeover`, PLAIN, /repeats/],
    ['a value where none belongs', `${PLAIN}; client_no_context_takeover=1`, PLAIN, /value/],
    ['a window without a value', `${PLAIN}; client_max_window_bits`, WINDOWS, /8 to 15/],
    ['a window of 7 (CVE-2026-2229)', `${PLAIN}; server_max_window_bits=7`, WINDOWS, /8 to 15/],
    ['a window of 16', `${PLAIN}; server_max_window_bits=16`, PLAIN, /8 to 15/],
    ['a window of 0', `${PLAIN}; server_max_window_bits=0`, PLAIN, /8 to 15/],
    ['a window with a leading zero', `${PLAIN}; server_max_window_bits=09`, PLAIN, /8 to 15/],
    ['a window that is no number', `${PLAIN}; server_max_window_bits=abc`, PLAIN, /8 to 15/],
    ['a window of 1e1', `${PLAIN}; server_max_window_bits=1e1`, PLAIN, /8 to 15/],
    ['a larger server window than offered', `${PLAIN}; server_max_window_bits=13`, WINDOWS, /beyond/],
    ['a client window that was not offered', `${PLAIN}; client_max_window_bits=10`, PLAIN, /beyond/],
  ])('refuses %s (RFC 7692 §7.1)', (_, accepted, offer, fault) => {
    expect(faultOf(accepted, offer)).toMatch(fault);
  });
});
