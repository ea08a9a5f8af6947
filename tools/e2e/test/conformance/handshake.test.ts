// Situation: a client and a backend that say all they can in their opening handshake.
// Action: they meet without a gateway, and then through one in each mode.
// Expected: each sees what it saw without us, except for the lines that a gateway has to write, which are listed here.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { MODES, type Mode } from '../../conformance/conformance-case.js';
import { conformanceRoute, startWith } from '../../conformance/gateway-under-test.js';
import { headDifference } from '../../conformance/head-difference.js';
import { BackendPort, openPair, type HeaderLines, type OpenedPair } from '../../conformance/opened.js';
import type { RunningOcelot } from '../../src/run-ocelot.js';

const OFFER: HeaderLines = {
  'User-Agent': 'conformance/1.0',
  Origin: 'https://example.com',
  Cookie: 'a=1; b="two"; c=%20',
  'Sec-WebSocket-Protocol': 'graphql-ws, chat',
  'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits; server_no_context_takeover',
  'x-CASE-Kept': 'inner   spaces kept',
  'X-Latin': 'caf\u00e9',
};

const ANSWER: HeaderLines = {
  Server: 'backend/2',
  'Set-Cookie': 'session=1; HttpOnly; Path=/',
  'Sec-WebSocket-Protocol': 'graphql-ws',
  'x-ANSWER': 'a, b;c="d"',
};

const DEFLATE: HeaderLines = {
  'Sec-WebSocket-Extensions': 'permessage-deflate; server_no_context_takeover; client_max_window_bits=12',
};

/** Lines that differ, beside those of every gateway. */
interface Differences {
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

const NONE: Differences = { removed: [], added: [] };

// Messages mode compresses by itself (RFC 7692 §5): it offers what it can, and answers what the client offered.
const OFFERED: Differences = {
  removed: [`Sec-WebSocket-Extensions: ${OFFER['Sec-WebSocket-Extensions']}`],
  added: ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'],
};
const AGREED: Differences = {
  removed: [`Sec-WebSocket-Extensions: ${DEFLATE['Sec-WebSocket-Extensions']}`],
  added: ['Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_max_window_bits=15'],
};

let backend: BackendPort;
let gateway: RunningOcelot;
let targets = 0;

beforeAll(async () => {
  backend = await BackendPort.listen();
  gateway = await startWith({
    Routes: MODES.flatMap((mode) => [
      conformanceRoute('plain', mode, backend.port, {}),
      conformanceRoute('sized', mode, backend.port, { MaxMessageBytes: 1000 }),
    ]),
  });
});

afterAll(async () => {
  await gateway.stop();
  await backend.close();
});

/** Opens a pair and hands back what both ends read of each other's handshake. */
async function heads(mode: Mode, port: number, answer: HeaderLines, name = 'plain'): Promise<OpenedPair> {
  const target = `/${mode}-${name}/${(targets += 1)}?token=abc&x=%C3%A9`;
  const pair = await openPair(port, backend, { target, offer: OFFER, answer: () => answer });
  for (const { socket } of [pair.client, pair.backend]) socket.destroy();
  return pair;
}

/** The target has a number in it that tells connections apart. */
const neutral = (head: string): string => head.replace(/^(GET \/\w+-plain\/)\d+/, '$1N');

describe.each(MODES)('the opening handshake in %s mode', (mode) => {
  const isOurs = mode === 'messages';

  it('reaches the backend as it was said, with our own host, and who asked', async () => {
    const direct = await heads(mode, backend.port, ANSWER);
    const through = await heads(mode, gateway.port, ANSWER);
    expect(headDifference(neutral(direct.backend.headText), neutral(through.backend.headText))).toEqual({
      removed: ['Host: gateway.test', ...(isOurs ? OFFERED : NONE).removed],
      added: [
        `Host: 127.0.0.1:${backend.port}`,
        'X-Forwarded-For: 127.0.0.1',
        'X-Forwarded-Proto: http',
        'X-Forwarded-Host: gateway.test',
        ...(isOurs ? OFFERED : NONE).added,
      ],
      keepsOrder: true,
    });
  });

  it('comes back to the client line for line, with what was agreed on its own leg (RFC 7692 §5)', async () => {
    const answer = { ...ANSWER, ...DEFLATE };
    const direct = await heads(mode, backend.port, answer);
    const through = await heads(mode, gateway.port, answer);
    expect(headDifference(direct.client.headText, through.client.headText)).toEqual({
      ...(isOurs ? AGREED : NONE),
      keepsOrder: true,
    });
  });
});

describe('a route with MaxMessageBytes', () => {
  // S21: the size of a message is what it is behind its compression.
  it('offers the backend no compression whose end it could not see, in framed mode', async () => {
    const { backend: asked, client } = await heads('framed', gateway.port, ANSWER, 'sized');
    expect(asked.head.get('sec-websocket-extensions')).toBeUndefined();
    expect(client.head.get('sec-websocket-extensions')).toBeUndefined();
  });

  it('compresses in messages mode, where the gateway expands what it counts', async () => {
    const { backend: asked, client } = await heads('messages', gateway.port, ANSWER, 'sized');
    expect(asked.head.get('sec-websocket-extensions')).toContain('permessage-deflate');
    expect(client.head.get('sec-websocket-extensions')).toContain('permessage-deflate');
  });
});
