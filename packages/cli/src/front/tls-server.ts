import { createHash, hkdfSync } from 'node:crypto';
import { type SecureContext, type Server, type TlsOptions, createSecureContext, createServer } from 'node:tls';

import { ServerNames } from './server-names.js';
import type { TlsMaterial } from './tls-material.js';

/** Name, HMAC key and AES key of TLS session tickets, as Node takes them. */
const TICKET_KEY_BYTES = 48;
/** OpenSSL's most. */
const SESSION_ID_CONTEXT_LENGTH = 32;

/**
 * Makes a TLS server of `material`. It never listens: `emit('connection', socket)` begins a handshake.
 *
 * Client certificates are asked for but not judged here: `secureConnection` comes for every client.
 * @param ticketSecret of which the keys of session tickets are made: processes that share it can resume each other's
 *   sessions. Other files or settings make other keys, so that nobody resumes what today's would refuse.
 * @param handshakeTimeoutMs for the whole handshake, from the first byte on.
 */
export function tlsServer(material: TlsMaterial, ticketSecret: Buffer, handshakeTimeoutMs: number): Server {
  const { settings, pairs, ca } = material;
  const fingerprint = createHash('sha256')
    .update(JSON.stringify([settings, pairs, ca]))
    .digest();
  const common: TlsOptions = {
    minVersion: settings.minVersion,
    ...(ca !== undefined && { ca }),
    // Each context needs the same one: a session that was begun under another is a fatal error with client certificates.
    sessionIdContext: fingerprint.toString('hex').slice(0, SESSION_ID_CONTEXT_LENGTH),
    ticketKeys: Buffer.from(hkdfSync('sha256', ticketSecret, fingerprint, 'session tickets', TICKET_KEY_BYTES)),
  };
  const [first, ...others] = pairs;
  const contexts = new ServerNames<SecureContext | undefined>([
    // Undefined: the context of the server itself.
    [first.names, undefined],
    ...others.map(({ names, cert, key }) => [names, createSecureContext({ ...common, cert, key })] as const),
  ]);
  return createServer({
    ...common,
    cert: first.cert,
    key: first.key,
    handshakeTimeout: handshakeTimeoutMs,
    // RFC 7301 §3.2: a client that offers neither is refused with an alert; one that offers none speaks HTTP/1.1.
    ALPNProtocols: settings.http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
    SNICallback: (name, callback) => callback(null, contexts.find(name)),
    requestCert: settings.clientCertificates !== 'off',
    rejectUnauthorized: false,
  });
}
