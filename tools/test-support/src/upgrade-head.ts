import { createHash } from 'node:crypto';

/** The example key of RFC 6455 §1.3. */
export const SAMPLE_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** What {@link upgradeHead} varies. */
export interface UpgradeHeadOptions {
  /** @default GET */
  readonly method?: string;
  /** @default / */
  readonly target?: string;
  /** @default HTTP/1.1 */
  readonly version?: string;
  /**
   * Laid over the usual headers by name (case counts not): a text replaces, a list gives one line each, undefined
   * leaves the header out.
   */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** A handshake head as a browser sends it (RFC 6455 §1.3), changed where a test wants it. */
export function upgradeHead(options: UpgradeHeadOptions = {}): string {
  const lines = new Map<string, readonly [string, string | readonly string[] | undefined]>();
  const usual = {
    Host: 'gateway.test',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': SAMPLE_KEY,
  };
  for (const [name, value] of [...Object.entries(usual), ...Object.entries(options.headers ?? {})]) {
    lines.set(name.toLowerCase(), [name, value]);
  }
  const text = [`${options.method ?? 'GET'} ${options.target ?? '/'} ${options.version ?? 'HTTP/1.1'}`];
  for (const [name, value] of lines.values()) {
    if (value === undefined) continue;
    for (const one of typeof value === 'string' ? [value] : value) text.push(`${name}: ${one}`);
  }
  return `${text.join('\r\n')}\r\n\r\n`;
}

/** `Sec-WebSocket-Accept` for a key (RFC 6455 §4.2.2). */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** A valid 101 for `key`; more headers, or another value of one, by `headers`. */
export function switchingHead(
  key: string,
  headers: Readonly<Record<string, string | readonly string[] | undefined>> = {},
): string {
  const usual = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': acceptOf(key) };
  const head = upgradeHead({
    headers: {
      Host: undefined,
      'Sec-WebSocket-Version': undefined,
      'Sec-WebSocket-Key': undefined,
      ...usual,
      ...headers,
    },
  });
  return head.replace(/^[^\r]*/, 'HTTP/1.1 101 Switching Protocols');
}
