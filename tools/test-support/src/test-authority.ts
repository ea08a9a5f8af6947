import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

import { bitString, der, oid, sequence, TAG } from './der.js';

/** A certificate and its private key, in PEM. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What an authority is asked for. */
export interface CertificateRequest {
  /** @default the first name */
  readonly commonName?: string;
  /** Alternative names: DNS names, IPv4 addresses, and URIs (with `://`). @default none */
  readonly names?: readonly string[];
  /** @default in a hundred years */
  readonly validTo?: Date;
}

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const LONG_AGO = new Date(Date.UTC(2020, 0, 1));
const FAR_AWAY = new Date(Date.UTC(2120, 0, 1));

/**
 * A certificate authority for tests: issues certificates for servers and for clients. Made of Node alone (RFC 5280), so
 * that tests need no openssl.
 */
export class TestAuthority {
  /** Its own certificate, in PEM: what who trusts it is given. */
  readonly cert: string;
  readonly #name: string;
  readonly #publicKey: KeyObject;
  readonly #privateKey: KeyObject;

  constructor(name = 'Test authority') {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    this.#name = name;
    this.#publicKey = publicKey;
    this.#privateKey = privateKey;
    // cA of BasicConstraints; keyCertSign and cRLSign of KeyUsage.
    const usage = der(TAG.bitString, Buffer.from([1, 0b0000_0110]));
    const extensions = [
      extension('2.5.29.19', sequence(der(TAG.boolean, Buffer.from([0xff]))), true),
      extension('2.5.29.15', usage, true),
    ];
    this.cert = this.#certificate(name, publicKey, FAR_AWAY, extensions);
  }

  issue({ names = [], commonName = names[0] ?? 'nobody', validTo = FAR_AWAY }: CertificateRequest): IssuedCertificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const extensions = names.length === 0 ? [] : [extension('2.5.29.17', sequence(...names.map(generalName)))];
    return {
      cert: this.#certificate(commonName, publicKey, validTo, extensions),
      key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    };
  }

  #certificate(subject: string, publicKey: KeyObject, validTo: Date, extensions: readonly Buffer[]): string {
    const identifiers = [
      extension('2.5.29.14', der(TAG.octetString, keyIdentifier(publicKey))),
      extension('2.5.29.35', sequence(der(0x80, keyIdentifier(this.#publicKey)))),
    ];
    const toBeSigned = sequence(
      der(0xa0, der(TAG.integer, Buffer.from([2]))),
      der(TAG.integer, Buffer.from([0x40]), randomBytes(15)),
      ECDSA_WITH_SHA256,
      distinguishedName(this.#name),
      sequence(time(LONG_AGO), time(validTo)),
      distinguishedName(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(...identifiers, ...extensions)),
    );
    const signature = bitString(sign('sha256', toBeSigned, this.#privateKey));
    const base64 = sequence(toBeSigned, ECDSA_WITH_SHA256, signature).toString('base64');
    return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
  }
}

function extension(id: string, value: Uint8Array, isCritical = false): Buffer {
  const critical = isCritical ? [der(TAG.boolean, Buffer.from([0xff]))] : [];
  return sequence(oid(id), ...critical, der(TAG.octetString, value));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(der(TAG.set, sequence(oid('2.5.4.3'), der(TAG.utf8, Buffer.from(commonName)))));
}

function generalName(name: string): Buffer {
  if (isIPv4(name)) return der(0x87, Buffer.from(name.split('.').map(Number)));
  return der(name.includes('://') ? 0x86 : 0x82, Buffer.from(name));
}

/** RFC 5280 §4.1.2.5: two digits of the year until 2049. */
function time(at: Date): Buffer {
  const digits = `${at.toISOString().replace(/[-:T]|\..*/g, '')}Z`;
  return at.getUTCFullYear() < 2050
    ? der(TAG.utcTime, Buffer.from(digits.slice(2)))
    : der(TAG.generalizedTime, Buffer.from(digits));
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}
