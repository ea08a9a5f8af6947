import type { ClientCertificate, JsonObject } from '@ocelot/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createProvider } from '../../src/providers/create-provider.js';
import type { Provider } from '../../src/providers/provider.js';
import { throughGateway } from '../admitted-exchange.js';
import { issuesOf, PATIENT, ProviderStand, reasonOf } from '../provider-stand.js';

const FINGERPRINT = Array.from({ length: 32 }, () => 'AB').join(':');
const DEVICE: ClientCertificate = {
  subject: 'CN=device-7,OU=Sensors,OU=North,O=Ex\\, ample',
  issuer: 'CN=Device CA',
  names: ['DNS:device-7.devices.example.com', 'URI:spiffe://example.com/ns/a/device-7', 'email:d7@example.com'],
  serialNumber: '0A',
  fingerprint256: FINGERPRINT,
};

let stand: ProviderStand;
beforeEach(() => {
  stand = new ProviderStand();
});
afterEach(() => stand.close());

const provider = (options: JsonObject = {}): Promise<Provider> => stand.provider({ Type: 'Certificate', ...options });

async function identify(options: JsonObject, certificate: ClientCertificate = DEVICE) {
  return (await provider(options)).verify({ kind: 'certificate', certificate, place: 'connection' }, PATIENT);
}

describe('the certificate of a connection', () => {
  it('says who the client is: subject, attributes, alternative names as claims', async () => {
    const identity = await identify({});
    expect(identity).toMatchObject({ provider: 'main', subject: DEVICE.subject, tokenId: FINGERPRINT });
    expect(identity.claims).toEqual({
      subject: [DEVICE.subject],
      issuer: ['CN=Device CA'],
      serialNumber: ['0A'],
      fingerprint: [FINGERPRINT],
      CN: ['device-7'],
      OU: ['Sensors', 'North'],
      O: ['Ex, ample'],
      DNS: ['device-7.devices.example.com'],
      URI: ['spiffe://example.com/ns/a/device-7'],
      email: ['d7@example.com'],
    });
  });

  it('may have names of any kind, also of one that every object has', async () => {
    const certificate = { ...DEVICE, names: ['__proto__:x', 'DNS:a.example'] };
    const main = await stand.provider({ Type: 'Certificate' });
    const identity = await main.verify({ kind: 'certificate', certificate, place: 'connection' }, PATIENT);
    expect(identity.claims['DNS']).toEqual(['a.example']);
  });

  it.each([
    ['CN', 'device-7'],
    ['dns', 'device-7.devices.example.com'],
    ['URI', 'spiffe://example.com/ns/a/device-7'],
    ['fingerprint', FINGERPRINT],
  ])('names the client by its %s where SubjectFrom says so', async (SubjectFrom, subject) => {
    expect(await identify({ SubjectFrom })).toMatchObject({ subject });
  });

  it('is refused when it does not have what names the client', async () => {
    expect(await reasonOf(() => identify({ SubjectFrom: 'email' }, { ...DEVICE, names: [] }))).toBe('certificate');
  });

  it.each([
    { Subjects: ['CN=device-7,OU=Sensors,OU=North,O=Ex\\, ample'] },
    { Subjects: ['CN=other', 'CN=device-*,OU=*,OU=North,O=*'] },
    { Names: ['DNS:*.devices.example.com'] },
    { Names: ['dns:DEVICE-*.devices.example.com'] },
    { Names: ['URI:spiffe://example.com/ns/*/device-7'] },
    { Names: ['email:*@example.com'] },
    { Fingerprints: [FINGERPRINT] },
    { Fingerprints: [FINGERPRINT.replaceAll(':', '').toLowerCase()] },
    { Subjects: ['CN=other'], Names: ['DNS:device-7.devices.example.com'] },
    { Issuers: ['CN=Device *'] },
  ])('is accepted by %j', async (rules) => {
    expect(await identify(rules)).toMatchObject({ subject: DEVICE.subject });
  });

  it.each([
    { Subjects: ['CN=device-7'] },
    { Subjects: ['CN=*,O=Ex\\, ample'] },
    { Subjects: ['cn=device-7,OU=Sensors,OU=North,O=Ex\\, ample'] },
    { Names: ['DNS:*.example.com'] },
    { Names: ['URI:spiffe://example.com/*/device-7'] },
    { Names: ['DNS:device-7xdevices.example.com'] },
    { Fingerprints: [FINGERPRINT.replace('AB', 'AC')] },
    { Subjects: ['CN=device-*,OU=*,OU=North,O=*'], Issuers: ['CN=Other CA'] },
  ])('is refused by %j: a * stays within its part of a name', async (rules) => {
    expect(await reasonOf(() => identify(rules))).toBe('certificate');
  });
});

describe('where it comes from', () => {
  it('is the connection, and never a header of the client', async () => {
    const main = await provider({ FromTrustedProxies: true });
    const headers = ['X-Client-Cert-Subject', 'CN=root'];
    expect((await throughGateway(main, { headers })).found).toBeUndefined();
    const { found } = await throughGateway(main, { headers, certificate: DEVICE });
    expect(found).toEqual({ kind: 'certificate', certificate: DEVICE, place: 'connection' });
  });

  describe('behind a trusted proxy (ADR 21)', () => {
    const behind = async (options: JsonObject): Promise<Provider> =>
      createProvider('main', { Type: 'Certificate', ...options }, stand.context(['192.0.2.1']));
    const headers = [
      'X-Client-Cert-Subject',
      'CN=Zo%C3%AB,O=50%25',
      'X-Client-Cert-Names',
      'DNS:a.example, URI:x%2Cy',
      'X-Client-Cert-Fingerprint',
      FINGERPRINT,
    ];

    it('is never the certificate of the proxy', async () => {
      for (const FromTrustedProxies of [true, false]) {
        const main = await behind({ FromTrustedProxies });
        expect((await throughGateway(main, { certificate: DEVICE })).found).toBeUndefined();
      }
    });

    it('is what the proxy says where FromTrustedProxies is on', async () => {
      expect((await throughGateway(await behind({}), { headers })).found).toBeUndefined();
      const { found } = await throughGateway(await behind({ FromTrustedProxies: true }), { headers });
      expect(found).toMatchObject({
        certificate: {
          subject: 'CN=Zoë,O=50%',
          issuer: '',
          names: ['DNS:a.example', 'URI:x,y'],
          fingerprint256: FINGERPRINT,
        },
      });
    });

    it.each([
      ['said twice', ['X-Client-Cert-Subject', 'CN=a', 'x-client-cert-subject', 'CN=b']],
      ['that cannot be decoded', ['X-Client-Cert-Subject', '%ff']],
    ])('is an invalid request when it is %s', async (_, lines) => {
      const { error } = await throughGateway(await behind({ FromTrustedProxies: true }), { headers: lines });
      expect(error).toMatchObject({ error: 'invalid_request' });
    });
  });
});

it.each([
  [{ Names: ['device-7'] }, 'P/Names/0: Names must begin with its kind'],
  [{ Fingerprints: ['AB'] }, 'P/Fingerprints/0: Fingerprints must hold SHA-256'],
  [{ SubjectFrom: 'serial' }, 'P/SubjectFrom: SubjectFrom must be one of subject, CN'],
])('refuses the options %j', async (options, issue) => {
  expect((await issuesOf(() => provider(options)))[0]).toContain(issue);
});

it('has a challenge, though no scheme is registered for it (RFC 9110 §11.6.1)', async () => {
  expect((await provider()).challenge()).toBe('Certificate realm="main"');
});
