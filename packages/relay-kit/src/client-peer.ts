import type { PeerCertificate, TLSSocket } from 'node:tls';

import type { ClientCertificate, ClientPeer } from '@ocelot/core';

/** What of a socket tells about its peer. An HTTP/2 session's `socket` and an in-memory stream fit as well. */
interface PeerSocket {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** Certificates do not change while a connection lasts, and reading one costs more than the rest of a request's head. */
const CERTIFICATES = new WeakMap<object, ClientCertificate | undefined>();

/** The peer of the client's connection; a Unix-domain socket and an in-memory stream have no address. */
export function clientPeer(socket: object): ClientPeer {
  const { remoteAddress = '', remotePort = 0 } = socket as PeerSocket;
  const tls = 'encrypted' in socket && socket.encrypted === true;
  const certificate = tls ? certificateOf(socket as TLSSocket) : undefined;
  return { address: remoteAddress, port: remotePort, tls, ...(certificate === undefined ? {} : { certificate }) };
}

/** Only a certificate that was verified says anything. */
function certificateOf(socket: TLSSocket): ClientCertificate | undefined {
  if (!socket.authorized) return undefined;
  if (CERTIFICATES.has(socket)) return CERTIFICATES.get(socket);
  const certificate = read(socket.getPeerCertificate());
  CERTIFICATES.set(socket, certificate);
  return certificate;
}

function read(peer: PeerCertificate | null): ClientCertificate | undefined {
  if (peer?.subject === undefined) return undefined;
  return {
    subject: distinguishedName(peer.subject),
    issuer: distinguishedName(peer.issuer),
    names: alternativeNames(peer.subjectaltname ?? ''),
    serialNumber: peer.serialNumber,
    fingerprint256: peer.fingerprint256,
  };
}

/** RFC 4514 §2.1: the last component of the certificate first. */
function distinguishedName(parts: object): string {
  return Object.entries(parts)
    .flatMap(([type, value]: [string, unknown]) => [value].flat().map((text) => `${type}=${escapeValue(String(text))}`))
    .toReversed()
    .join(',');
}

/** RFC 4514 §2.4. */
function escapeValue(text: string): string {
  return text.replace(/[",+;<=>\\]|^[ #]| $/g, (special) => `\\${special}`);
}

/** Node joins the names by `, ` and quotes those that hold one themselves. */
function alternativeNames(text: string): readonly string[] {
  return [...text.matchAll(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g)].map(([name]) => name.trim()).filter((name) => name !== '');
}
