import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';

import { describe, expect, it } from 'vitest';

import { collectLeaks, duplexPair, TestAuthority, within } from '@ocelot/test-support';
import { clientPeer } from '../src/index.js';

const authority = new TestAuthority('Devices, "test" + more');
const server = authority.issue({ names: ['127.0.0.1'] });

/** What a server sees of a client that shows the given certificate. */
async function peerOf(own: { readonly cert: string; readonly key: string } | undefined, ca = authority.cert) {
  const listener = createServer({ ...server, ca, requestCert: true, rejectUnauthorized: false });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const client = connect({
    port: (listener.address() as AddressInfo).port,
    host: '127.0.0.1',
    ca: authority.cert,
    ...own,
  });
  client.on('error', () => undefined);
  const [socket] = (await within(once(listener, 'secureConnection'), 'a client')) as [TLSSocket];
  const peer = clientPeer(socket);
  const again = clientPeer(socket);
  client.destroy();
  socket.destroy();
  await new Promise<void>((resolve) => {
    listener.close(() => resolve());
  });
  return { peer, again };
}

describe('clientPeer', () => {
  it('has no address for what has none', () => {
    const [near, far] = duplexPair();
    expect(clientPeer(near)).toEqual({ address: '', port: 0, tls: false });
    near.destroy();
    far.destroy();
    expect(clientPeer({})).toEqual({ address: '', port: 0, tls: false });
  });

  it('tells of TLS, and of no certificate where none was shown', async () => {
    const leaks = collectLeaks();
    const { peer } = await peerOf(undefined);
    expect(peer).toEqual({ address: '127.0.0.1', port: expect.any(Number) as number, tls: true });
    await leaks.verify();
  });

  it('tells what a verified certificate says, in the order and with the escapes of RFC 4514 §2', async () => {
    const own = authority.issue({
      commonName: ' #7, a+b;c="d"<e>\\',
      names: ['device-7.example', '10.0.0.7', 'spiffe://example/device/7'],
    });
    const { peer, again } = await peerOf(own);
    expect(peer.certificate).toEqual({
      subject: 'CN=\\ #7\\, a\\+b\\;c=\\"d\\"\\<e\\>\\\\'.replace('c=', 'c\\='),
      issuer: 'CN=Devices\\, \\"test\\" \\+ more',
      names: ['DNS:device-7.example', 'IP Address:10.0.0.7', 'URI:spiffe://example/device/7'],
      serialNumber: expect.stringMatching(/^[0-9A-F]+$/) as string,
      fingerprint256: expect.stringMatching(/^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/) as string,
    });
    expect(again.certificate).toBe(peer.certificate);
  });

  it('keeps names apart that hold what separates names', async () => {
    const own = authority.issue({ commonName: 'x', names: ['a.example, DNS:admin.example', 'spiffe://x/"y", z'] });
    const { peer } = await peerOf(own);
    expect(peer.certificate?.names).toHaveLength(2);
    expect(peer.certificate?.names).not.toContain('DNS:admin.example');
  });

  it('says nothing of a certificate that was not verified', async () => {
    const { peer } = await peerOf(new TestAuthority('Somebody').issue({ commonName: 'admin' }));
    expect(peer.certificate).toBeUndefined();
  });
});
