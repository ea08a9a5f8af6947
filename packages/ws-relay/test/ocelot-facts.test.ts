// What Ocelot's own tests assert of its WebSocket proxy, each fact against real sockets: the same here, or otherwise on
// purpose, and then the title says how.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  closeFrame,
  collectLeaks,
  type LeakWatch,
  OPCODE,
  readClose,
  scriptedBackend,
  type ScriptedBackend,
  TestAuthority,
  type UpgradeHeadOptions,
} from '@ocelot/test-support';
import suite from '../../core/test/vectors/websocket.json' with { type: 'json' };
import { gatewayStand, type GatewayStand } from './gateway-stand.js';

interface Vector {
  readonly kind: string;
  readonly downstreamScheme?: string;
  readonly connectScheme?: string;
  readonly request?: Readonly<Record<string, string>>;
  readonly forwarded?: Readonly<Record<string, string>>;
  readonly names?: readonly string[];
  readonly destinationState?: string;
  readonly closeCode?: number;
  readonly bytes?: number;
  readonly sent?: number;
  readonly source: string;
}
const vectors = suite.vectors as readonly Vector[];
const ofKind = (kind: string): readonly Vector[] => vectors.filter((vector) => vector.kind === kind);
const only = (kind: string): Vector => {
  const [vector] = ofKind(kind);
  if (vector === undefined) throw new Error(`there is no vector about ${kind}`);
  return vector;
};

let leaks: LeakWatch;
let backend: ScriptedBackend;
let stand: GatewayStand;

const start = async (tls: boolean, scheme: string): Promise<void> => {
  const options = tls ? { tls: new TestAuthority('Backends').issue({ names: ['127.0.0.1'] }) } : {};
  backend = await scriptedBackend(() => {}, options);
  stand = await gatewayStand([backend.port], {
    settings: { CloseTimeoutMs: 300 },
    route: { DownstreamScheme: scheme, DangerousAcceptAnyServerCertificateValidator: tls },
  });
};

async function open(options: UpgradeHeadOptions = {}) {
  const client = await stand.client();
  const upgraded = client.upgrade(options);
  const connection = await backend.connection();
  const asked = await connection.accept();
  expect((await upgraded).status).toBe(101);
  return { client, connection, asked };
}

beforeEach(() => {
  leaks = collectLeaks();
});

afterEach(async () => {
  await stand.close();
  await backend.close();
  await leaks.verify();
});

describe('a WebSocket through the gateway', () => {
  it.each(ofKind('scheme'))(
    'to a route with $downstreamScheme is spoken as $connectScheme ($source)',
    async ({ downstreamScheme = '', connectScheme }) => {
      // The backend speaks TLS, or it does not: with the other scheme there is no 101.
      await start(connectScheme === 'wss', downstreamScheme);
      await open();
      // Ocelot warns each time; here it is what the scheme means, so nothing is logged.
      expect(stand.lines.filter(({ level }) => level === 'warn')).toEqual([]);
    },
  );

  it('carries the client’s headers to the backend (WebSocketsProxyMiddlewareTests.Proxy_ThereAreHeaders_SetRequestHeaders)', async () => {
    const { request = {}, forwarded = {} } = only('headers');
    await start(false, 'ws');
    const { asked } = await open({ headers: request });
    for (const [name, value] of Object.entries(forwarded)) expect(asked.get(name)).toBe(value);
  });

  it('keeps to itself what Ocelot does not forward (NotForwardedWebSocketHeaders), but for offers of extensions', async () => {
    const { names = [] } = only('notForwarded');
    const own: Readonly<Record<string, string>> = {
      Connection: 'X-Mine, Upgrade',
      Host: 'client.example',
      Upgrade: 'websocket',
      'Sec-WebSocket-Accept': 'mine',
      'Sec-WebSocket-Protocol': 'chat',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Extensions': 'permessage-deflate',
    };
    expect(Object.keys(own).toSorted()).toEqual(names.toSorted());
    await start(false, 'ws');
    const { asked } = await open({ headers: own });
    const got = Object.fromEntries(names.map((name) => [name, asked.all(name)]));
    expect(got).toEqual({
      Connection: ['Upgrade'],
      Host: [`127.0.0.1:${backend.port}`],
      Upgrade: ['websocket'],
      'Sec-WebSocket-Accept': [],
      'Sec-WebSocket-Version': ['13'],
      // Offered anew by Ocelot too, as its client's subprotocols.
      'Sec-WebSocket-Protocol': ['chat'],
      // Differs: Ocelot’s client makes a key of its own; here the backend’s accept answers the client’s.
      'Sec-WebSocket-Key': ['AAAAAAAAAAAAAAAAAAAAAA=='],
      // Differs on purpose: Ocelot drops the offer, here compression is agreed on end to end.
      'Sec-WebSocket-Extensions': ['permessage-deflate'],
    });
  });

  it('tells the backend 1001 when the client is lost without a Close frame (PumpAsync_WebSocketException_ClosedDestinationSocket)', async () => {
    await start(false, 'ws');
    const { client, connection } = await open();
    client.reset();
    expect(readClose(await connection.readFrame()).code).toBe(only('close').closeCode);
    connection.end();
  });

  it('tells the client 1014 when the backend is lost, where Ocelot says 1001: it is the backend that failed', async () => {
    await start(false, 'ws');
    const { client, connection } = await open();
    connection.reset();
    expect(readClose(await client.readFrame()).code).toBe(1014);
    client.end();
  });

  it.each(ofKind('closeState'))(
    'gets a Close passed on while its other side is $destinationState ($source)',
    async ({ destinationState }) => {
      await start(false, 'ws');
      const { client, connection } = await open();
      if (destinationState === 'CloseReceived') {
        connection.send(closeFrame(1000, 'done'));
        expect(readClose(await client.readFrame())).toMatchObject({ code: 1000 });
      }
      client.send(closeFrame(4000, 'bye', true));
      expect(readClose(await connection.readFrame())).toMatchObject({ code: 4000, reason: 'bye' });
      if (destinationState === 'Open') connection.send(closeFrame(4000, 'bye'));
      connection.end();
      client.end();
    },
  );

  it('gets its frames as they were sent, where Ocelot cuts them into pieces of 4096 bytes (BufferSize_NoOverride_ShouldBeDefault)', async () => {
    const bytes = 2 * (only('buffer').bytes ?? 0) + 1;
    await start(false, 'ws');
    const { client, connection } = await open();
    client.sendFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(bytes, 7), mask: true });
    const frame = await connection.readFrame();
    expect([frame.fin, frame.payload.length]).toEqual([true, bytes]);
  });

  it('answers 400 where Ocelot’s proxy throws: an upgrade that is none (Proxy_NotIsWebSocketRequest_ThrownException)', async () => {
    expect(ofKind('notAnUpgrade')).toHaveLength(1);
    await start(false, 'ws');
    const client = await stand.client();
    expect((await client.upgrade({ headers: { 'Sec-WebSocket-Key': undefined } })).status).toBe(400);
    expect(backend.connections).toHaveLength(0);
  });

  it('offers every subprotocol of the client, in order (Proxy_ThereAreWebSocketRequestedProtocols_AddedSubProtocols)', async () => {
    expect(ofKind('subprotocols')).toHaveLength(1);
    await start(false, 'ws');
    const { asked } = await open({ headers: { 'Sec-WebSocket-Protocol': ['b, a', 'c'] } });
    expect(asked.all('Sec-WebSocket-Protocol').join(', ')).toBe('b, a, c');
  });

  it('sends one binary message and the Close behind it once each (PumpAsync_IsOpen_SentToDestination)', async () => {
    await start(false, 'ws');
    const { client, connection } = await open();
    client.sendFrame({ opcode: OPCODE.binary, payload: 'x', mask: true });
    client.send(closeFrame(1000, '', true));
    const frames = await connection.readFrames(2);
    expect(frames.map(({ opcode }) => opcode)).toEqual([OPCODE.binary, OPCODE.close]);
    expect(frames.filter(({ opcode }) => opcode === OPCODE.binary)).toHaveLength(only('pump').sent ?? 0);
    connection.send(closeFrame(1000));
    connection.end();
    client.end();
  });

  it('has every fact of the vectors looked at above', async () => {
    await start(false, 'ws');
    const looked = [
      'scheme',
      'headers',
      'notForwarded',
      'close',
      'closeState',
      'buffer',
      'notAnUpgrade',
      'subprotocols',
      'pump',
    ];
    expect(new Set(vectors.map(({ kind }) => kind))).toEqual(new Set(looked));
  });
});
