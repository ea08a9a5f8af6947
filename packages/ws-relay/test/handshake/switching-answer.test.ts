import { ANSWER_PROTOCOL, type AnswerEdit, type Plugin } from '@ocelot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  acceptOf,
  collectLeaks,
  type LeakWatch,
  SAMPLE_KEY,
  scriptedBackend,
  type ScriptedBackend,
} from '@ocelot/test-support';
import { gatewayStand, type GatewayStand } from '../gateway-stand.js';

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: GatewayStand;

/** Registers one edit of answers on every route. */
function editing(edit: AnswerEdit): Plugin {
  return {
    name: 'editing',
    setup: (registry) =>
      registry.stage({ name: 'editing', phase: 'transform', forRoute: () => (exchange) => exchange.onAnswer(edit) }),
  };
}

/** The answer of a gateway with the edit to a backend that accepts with the given headers, or answers with a text. */
async function answered(edit: AnswerEdit, given: Record<string, string | readonly string[]> | string) {
  backend = await scriptedBackend(async (connection) => {
    if (typeof given === 'string') {
      await connection.readHead();
      connection.send(given);
    } else await connection.accept(given);
  });
  stand = await gatewayStand([backend.port], { plugins: [editing(edit)] });
  const client = await stand.client();
  const offer = { 'Sec-WebSocket-Protocol': 'v1, v2', 'Sec-WebSocket-Extensions': 'permessage-deflate' };
  return { client, head: await client.upgrade({ headers: offer }) };
}

beforeEach(() => {
  leaks = collectLeaks();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

describe('the headers of a 101 pass the stages of the route', () => {
  it('which see status and end-to-end headers, and may add, replace and remove', async () => {
    const seen: [number, readonly string[]][] = [];
    const { head } = await answered(
      (answer) => {
        seen.push([answer.status, [...answer.headers.raw]]);
        answer.headers.delete('Server');
        answer.headers.append('Set-Cookie', 'mine=1');
      },
      { Server: 'secret/1', 'Set-Cookie': 'theirs=1', Connection: 'Upgrade, X-Hop', 'X-Hop': 'no' },
    );
    expect(seen).toEqual([[101, ['Server', 'secret/1', 'Set-Cookie', 'theirs=1']]]);
    expect(head.get('server')).toBeUndefined();
    expect(head.all('set-cookie')).toEqual(['theirs=1', 'mine=1']);
  });

  it('which neither see nor change what belongs to the handshake (RFC 6455 §4.2.2)', async () => {
    const seen: string[] = [];
    const { head } = await answered(
      ({ headers }) => {
        seen.push(...headers.raw);
        headers.set('Connection', 'close');
        headers.set('Upgrade', 'h2c');
        headers.set('Content-Length', '5');
        headers.set('Sec-WebSocket-Accept', 'wrong');
        headers.set('Sec-WebSocket-Protocol', 'v1');
        headers.set('Sec-WebSocket-Extensions', 'x-mine');
        headers.set('X-Kept', 'yes');
      },
      { 'Sec-WebSocket-Protocol': 'v2', 'Sec-WebSocket-Extensions': 'permessage-deflate' },
    );
    expect(seen).toEqual([]);
    expect(head.status).toBe(101);
    expect(head.all('connection')).toEqual(['Upgrade']);
    expect(head.all('upgrade')).toEqual(['websocket']);
    expect(head.all('sec-websocket-accept')).toEqual([acceptOf(SAMPLE_KEY)]);
    expect(head.all('sec-websocket-protocol')).toEqual(['v2']);
    expect(head.all('sec-websocket-extensions')).toEqual(['permessage-deflate']);
    expect(head.get('content-length')).toBeUndefined();
    expect(head.get('x-kept')).toBe('yes');
  });

  it('and an edit that throws is told to the log and changes nothing', async () => {
    const { head } = await answered(() => {
      throw new Error('bad stage');
    }, {});
    expect(head.status).toBe(101);
    expect(
      stand.lines.some(({ level, fields }) => level === 'error' && String(fields['err']).includes('bad stage')),
    ).toBe(true);
  });
});

describe("the headers of a backend's refusal pass the stages of the route", () => {
  it('which cannot change how it is framed (RFC 9112 §6)', async () => {
    const { client, head } = await answered(({ status, headers }) => {
      headers.set('X-Status', String(status));
      headers.set('Content-Length', '500');
      headers.set('Transfer-Encoding', 'chunked');
      headers.set('Connection', 'keep-alive');
      headers.delete('Server');
    }, 'HTTP/1.1 403 No\r\nServer: s\r\nContent-Length: 4\r\n\r\nnope');
    expect(head.line).toBe('HTTP/1.1 403 No');
    expect(head.get('x-status')).toBe('403');
    expect(head.all('content-length')).toEqual(['4']);
    expect(head.all('connection')).toEqual(['close']);
    for (const name of ['transfer-encoding', 'server']) expect(head.get(name)).toBeUndefined();
    expect((await client.readBody(head)).toString()).toBe('nope');
  });
});

describe('a client that had to offer a subprotocol', () => {
  /** What it is told where a stage has taken its offer away, and the backend selects `selected`. */
  async function told(own: string, offered: string, selected?: string) {
    backend = await scriptedBackend(async (connection) => {
      const head = await connection.accept(selected === undefined ? {} : { 'Sec-WebSocket-Protocol': selected });
      expect(head.get('sec-websocket-protocol')).toBe(selected);
    });
    const plugin: Plugin = {
      name: 'token',
      setup: (registry) =>
        registry.stage({
          name: 'token',
          phase: 'transform',
          forRoute: () => (exchange) => {
            exchange.set(ANSWER_PROTOCOL, own);
            const { headers } = exchange.outgoing;
            if (selected === undefined) headers.delete('Sec-WebSocket-Protocol');
            else headers.set('Sec-WebSocket-Protocol', selected);
          },
        }),
    };
    stand = await gatewayStand([backend.port], { plugins: [plugin] });
    const client = await stand.client();
    const head = await client.upgrade({ headers: { 'Sec-WebSocket-Protocol': offered } });
    // What it is told without the backend may be its token: no event holds it.
    expect((await stand.event('session.opened')).subprotocol).toBe(selected);
    return head.all('sec-websocket-protocol');
  }

  it('is told what a stage has left for it, where the backend selects none', async () => {
    expect(await told('bearer', 'bearer, token.abc')).toEqual(['bearer']);
  });

  it('is told what the backend selects, where it selects one', async () => {
    expect(await told('bearer', 'bearer, v2', 'v2')).toEqual(['v2']);
  });

  it('is told nothing that it did not offer (RFC 6455 §4.2.2)', async () => {
    expect(await told('bearer', 'token.abc')).toEqual([]);
  });
});
