import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';

import { describe, expect, it, onTestFinished } from 'vitest';

import { declineUpgrade } from '../../src/front/declined-upgrade.js';

/** What a server without `shouldUpgradeCallback` serves of `pieces`, sent one after the other, and what it answers. */
async function serve(
  ...pieces: readonly string[]
): Promise<{ readonly served: readonly string[]; readonly text: string }> {
  const served: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (part: string) => (body += part));
    request.on('end', () => {
      served.push(`${request.method} ${request.url} ${request.rawHeaders.join('|')} ${body}`);
      response.end(String(served.length));
    });
  });
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => declineUpgrade(server, request, socket, head));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true });
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => (text += part));
  const closed = once(socket, 'close');
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    await new Promise((resolve) => {
      setTimeout(resolve, 2);
    });
  }
  await closed;
  return { served, text };
}

const PROBE =
  'GET /a?b HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n';
const LAST = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const asServed = 'GET /a?b Host|a|Connection|Upgrade, HTTP2-Settings|HTTP2-Settings|AAMA ';
const last = 'GET /last Host|a|Connection|close ';

describe('declineUpgrade', () => {
  it('serves an h2c probe as the request it also is, and keeps the connection (RFC 9110 §7.8)', async () => {
    const { served, text } = await serve(PROBE, LAST);
    expect(served).toEqual([asServed, last]);
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  });

  it.each(['TLS/1.0, HTTP/2.0', 'proto1\r\nUPGRADE: proto2'])('drops every line of Upgrade: %j', async (offer) => {
    const { served } = await serve(
      `GET / HTTP/1.1\r\nHost: a\r\nUpgrade: ${offer}\r\nConnection: upgrade, close\r\n\r\n`,
    );
    expect(served).toEqual(['GET / Host|a|Connection|upgrade, close ']);
  });

  // From Node 26 on the request itself holds the body of an upgrade; there, nobody calls this.
  it.skipIf(Number.parseInt(process.versions.node, 10) >= 26).each([
    ['with a length', 'Content-Length: 4\r\n\r\nbody'],
    ['in chunks', 'Transfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n'],
  ])('reads a body %s, whether it comes with the head or later', async (_how, rest) => {
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n';
    for (const pieces of [[head + rest, LAST], [head, rest + LAST], [head + rest + LAST]]) {
      const { served } = await serve(...pieces);
      expect(served.map((line) => line.slice(-4))).toEqual(['body', 'ose ']);
    }
  });

  it('keeps the bytes of header values as they came', async () => {
    const { served } = await serve(
      'GET / HTTP/1.1\r\nHost: a\r\nX-Name: \xe4\xff\r\nConnection: upgrade, close\r\nUpgrade: h2c\r\n\r\n',
    );
    expect(served).toEqual(['GET / Host|a|X-Name|\xe4\xff|Connection|upgrade, close ']);
  });
});
