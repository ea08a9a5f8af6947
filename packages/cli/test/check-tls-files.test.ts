import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type ConfigIssue, parseConfigText, readConfiguration } from '@ocelot/core';
import { TestAuthority } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { checkTlsFiles } from '../src/check-tls-files.js';
import { temporaryFolder, writePair } from './front/secure-gateway.js';

const authority = new TestAuthority();

/** A folder with pairs `good` and `other`, and with files that are wrong in one way each. */
async function files(): Promise<(name: string) => string> {
  const folder = await temporaryFolder();
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const;
  await writePair(folder, 'good', authority.issue({ names: ['localhost'] }));
  await writePair(folder, 'other', authority.issue({ names: ['localhost'] }));
  await writeFile(join(folder, 'ca.crt'), authority.cert);
  await writeFile(join(folder, 'locked.key'), privateKey.export(encrypted));
  await writeFile(join(folder, 'public.key'), publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(join(folder, 'empty'), '');
  await writeFile(join(folder, 'half.crt'), `${authority.cert}\n${authority.cert.slice(0, -100)}`);
  return (name) => join(folder, name);
}

async function issuesOf(config: object): Promise<readonly ConfigIssue[]> {
  const document = parseConfigText(JSON.stringify(config, undefined, 1), 'ocelot.json');
  return checkTlsFiles(readConfiguration(document), document);
}

const withTls = (Tls: object): object => ({ Routes: [], GlobalConfiguration: { Gateway: { Tls } } });

describe('files of Gateway.Tls', () => {
  it('are fine when certificate and key belong together', async () => {
    const file = await files();
    const pair = { CertFile: file('good.crt'), KeyFile: file('good.key'), CaFile: file('ca.crt') };
    expect(await issuesOf(withTls(pair))).toEqual([]);
  });

  it.each([
    ['CertFile', { CertFile: 'none.crt' }, 'none.crt cannot be read: it does not exist (ENOENT).'],
    ['CertFile', { CertFile: '.' }, 'cannot be read: it is a folder (EISDIR).'],
    ['CertFile', { CertFile: 'empty' }, 'empty holds no certificate in PEM form.'],
    ['KeyFile', { KeyFile: 'other.key' }, 'other.key is not the key of the certificate in '],
    ['KeyFile', { KeyFile: 'locked.key' }, 'locked.key is encrypted.'],
    ['KeyFile', { KeyFile: 'public.key' }, 'public.key holds no private key in PEM form.'],
    ['CaFile', { CaFile: 'good.key' }, 'good.key holds no certificate in PEM form.'],
    // OpenSSL would trust the first one, and leave the other out without a word.
    ['CaFile', { CaFile: 'half.crt' }, 'half.crt ends inside a certificate.'],
  ])('are named with the place of %s when they cannot be used: %o', async (key, wrong, message) => {
    const file = await files();
    const paths = { CertFile: 'good.crt', KeyFile: 'good.key', CaFile: 'ca.crt', ...wrong };
    const tls = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, file(path)]));
    expect(await issuesOf(withTls(tls))).toEqual([
      expect.objectContaining({
        severity: 'error',
        kind: 'TlsFile',
        source: `ocelot.json#/GlobalConfiguration/Gateway/Tls/${key}`,
        line: expect.any(Number),
        message: expect.stringContaining(message),
      }),
    ]);
  });

  it('are all named, each of Certificates by its place', async () => {
    const file = await files();
    const good = { CertFile: file('good.crt'), KeyFile: file('good.key') };
    const Certificates = [good, { ...good, KeyFile: file('no.key') }];
    const sources = async (tls: object) => (await issuesOf(withTls(tls))).map(({ source }) => source);
    expect(await sources({ ...good, KeyFile: file('none'), CaFile: file('none'), Certificates })).toEqual([
      'ocelot.json#/GlobalConfiguration/Gateway/Tls/KeyFile',
      'ocelot.json#/GlobalConfiguration/Gateway/Tls/Certificates/1/KeyFile',
      'ocelot.json#/GlobalConfiguration/Gateway/Tls/CaFile',
    ]);
    expect(await sources({ Certificates })).toEqual([
      'ocelot.json#/GlobalConfiguration/Gateway/Tls/Certificates/1/KeyFile',
    ]);
  });
});

describe('files of Gateway.BackendTls', () => {
  const route = (gateway: object): object => ({
    UpstreamPathTemplate: '/a',
    DownstreamPathTemplate: '/',
    DownstreamScheme: 'wss',
    DownstreamHostAndPorts: [{ Host: 'localhost', Port: 1 }],
    ...gateway,
  });

  it('are read for every route, and named where they stand, once', async () => {
    const file = await files();
    const own = { Gateway: { BackendTls: { CertFile: file('good.crt'), KeyFile: file('other.key') } } };
    const config = {
      Routes: [route({}), { ...route(own), UpstreamPathTemplate: '/b' }, { ...route({}), UpstreamPathTemplate: '/c' }],
      GlobalConfiguration: { Gateway: { BackendTls: { CaFile: file('none.crt') } } },
    };
    expect(await issuesOf(config)).toEqual([
      expect.objectContaining({ source: 'ocelot.json#/GlobalConfiguration/Gateway/BackendTls/CaFile' }),
      expect.objectContaining({
        source: 'ocelot.json#/Routes/1/Gateway/BackendTls/KeyFile',
        message: expect.stringContaining('is not the key of the certificate'),
      }),
    ]);
  });
});
