import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { collectorHeaders, collectorUrl } from '../../src/sdk/collector-headers.js';

const NOTHING = {
  endpoint: undefined,
  isFromEnvironment: false,
  headersFile: undefined,
  headersEnv: undefined,
  timeoutMs: 1,
  metricsIntervalMs: 1,
};
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ocelot-headers-'));
});

afterEach(() => rm(folder, { recursive: true }));

describe('collectorHeaders', () => {
  it('reads a file with one header on each line', async () => {
    const headersFile = join(folder, 'headers');
    await writeFile(headersFile, 'api-key: s3cret:with colon\r\n\nX-Tenant: seven\n');
    expect(await collectorHeaders({ ...NOTHING, headersFile }, {})).toEqual({
      'api-key': 's3cret:with colon',
      'X-Tenant': 'seven',
    });
  });

  it('reads a variable with pairs', async () => {
    const env = { COLLECTOR: 'api-key=s3cret,tenant=7' };
    expect(await collectorHeaders({ ...NOTHING, headersEnv: 'COLLECTOR' }, env)).toEqual({
      'api-key': 's3cret',
      tenant: '7',
    });
  });

  it('names what is missing', async () => {
    const env = collectorHeaders({ ...NOTHING, headersEnv: 'COLLECTOR' }, {});
    await expect(env).rejects.toThrow(/HeadersEnv.*COLLECTOR is not set/s);
    const file = collectorHeaders({ ...NOTHING, headersFile: join(folder, 'gone') }, {});
    await expect(file).rejects.toThrow(/HeadersFile.*cannot be read \(ENOENT\)/s);
  });

  it('names a line that is no header, and never its text', async () => {
    const headersFile = join(folder, 'headers');
    await writeFile(headersFile, 'fine: yes\ns3cret without a name\n');
    const failure = await collectorHeaders({ ...NOTHING, headersFile }, {}).catch((error: unknown) => String(error));
    expect(failure).toMatch(/entry 2/);
    expect(failure).not.toMatch(/s3cret/);
  });
});

describe('collectorUrl', () => {
  it('adds the path of the signal', () => {
    expect(collectorUrl('http://collector:4318/base/', '/v1/traces')).toBe('http://collector:4318/base/v1/traces');
  });

  it.each([
    'collector:4318',
    'ftp://collector',
    'http://user:s3cret@collector',
    'https://collector/?key=s3cret',
    '//x',
  ])('refuses %s and repeats no password', (endpoint) => {
    expect(() => collectorUrl(endpoint, '/v1/traces')).toThrow(/Otlp\.Endpoint/);
    expect(() => collectorUrl(endpoint, '/v1/traces')).not.toThrow(/s3cret/);
  });
});
