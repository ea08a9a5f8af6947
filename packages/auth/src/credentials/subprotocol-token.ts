// Browsers let scripts set one header of a WebSocket handshake: Sec-WebSocket-Protocol. Tokens ride on it in three
// forms: `bearer.<token>`, the pair `bearer, <token>`, and, for tokens with characters that no subprotocol may hold
// (RFC 6455 §4.1), `base64url.bearer.<token in base64url>` (Kubernetes' form).

/** What the offered subprotocols hold. */
export interface SubprotocolTokens {
  /** Decoded. */
  readonly tokens: readonly string[];
  /** The offers that are no credentials, in their order. */
  readonly rest: readonly string[];
  /** What to tell a client whose offers were credentials only: the word of the pair, else the whole first offer. */
  readonly answer: string | undefined;
}

/**
 * Takes the offers apart.
 * @param prefix `bearer`; compared without case.
 */
export function readSubprotocols(offers: readonly string[], prefix: string): SubprotocolTokens {
  const word = prefix.toLowerCase();
  const tokens: string[] = [];
  const rest: string[] = [];
  let answer: string | undefined;
  for (let index = 0; index < offers.length; index += 1) {
    const offer = offers[index] ?? '';
    const lower = offer.toLowerCase();
    if (lower.startsWith(`base64url.${word}.`)) tokens.push(decode(offer.slice(word.length + 11)));
    else if (lower.startsWith(`${word}.`)) tokens.push(offer.slice(word.length + 1));
    else if (lower === word) {
      // The pair: the token is the next offer, and never looked at for itself.
      index += 1;
      tokens.push(offers[index] ?? '');
    } else {
      rest.push(offer);
      continue;
    }
    answer ??= offer;
  }
  return { tokens, rest, answer };
}

/** Base64url without padding (RFC 4648 §5); what is not UTF-8 in it becomes a token that nobody accepts. */
function decode(text: string): string {
  return /^[\w-]+$/.test(text) ? Buffer.from(text, 'base64url').toString('utf8') : '';
}
