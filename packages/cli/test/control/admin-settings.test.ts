import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ConfigError } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { isLoopback, readAdminSettings } from '../../src/control/admin-settings.js';
import { temporaryFolder } from '../scripted-terminal.js';

const TOKEN = 'c0ffee-c0ffee-c0ffee';

async function read(Admin: object | undefined, env: Record<string, string> = {}, cwd = '/') {
  const global = { Gateway: Admin === undefined ? {} : { Admin } } as never;
  try {
    return await readAdminSettings({ global }, { cwd, env });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

describe('readAdminSettings', () => {
  it.each([undefined, {}, { Port: null }, { Host: '', Port: null, Token: '' }])(
    'opens nothing for %j',
    async (section) => {
      expect(await read(section)).toBeUndefined();
    },
  );

  it('listens on the loopback interface unless a host is given', async () => {
    expect(await read({ Port: 9000 })).toEqual({ host: '127.0.0.1', port: 9000, token: undefined });
  });

  it('takes port 0 for any free port, and a port that is written as text', async () => {
    expect(await read({ Port: 0 })).toMatchObject({ port: 0 });
    expect(await read({ Port: '9001' })).toMatchObject({ port: 9001 });
  });

  it('needs no port for a Unix-domain socket', async () => {
    expect(await read({ Host: 'unix:/run/control.sock' })).toMatchObject({ host: 'unix:/run/control.sock', port: 0 });
  });

  it('refuses a Unix-domain socket whose path is not absolute', async () => {
    expect(await read({ Host: 'unix:control.sock' })).toContain('Admin/Host: unix:control.sock names no absolute path');
  });

  it('refuses an address that other machines reach and that has no token', async () => {
    expect(await read({ Host: '0.0.0.0', Port: 9000 })).toContain(
      'Admin/Host: the control address 0.0.0.0 may be reached from other machines and has no token.',
    );
    expect(await read({ Host: '0.0.0.0', Port: 9000, Token: TOKEN })).toMatchObject({ token: TOKEN });
  });

  it('reads the token from a file in the working directory', async () => {
    const cwd = await temporaryFolder();
    await writeFile(join(cwd, 'token'), `  ${TOKEN}\n`);
    expect(await read({ Port: 1, TokenFile: 'token' }, {}, cwd)).toMatchObject({ token: TOKEN });
    expect(await read({ Port: 1, TokenFile: 'no' }, {}, cwd)).toContain(
      'TokenFile: no cannot be read: it does not exist.',
    );
  });

  it('reads the token from the environment', async () => {
    expect(await read({ Port: 1, TokenEnv: 'CONTROL' }, { CONTROL: TOKEN })).toMatchObject({ token: TOKEN });
    expect(await read({ Port: 1, TokenEnv: 'CONTROL' })).toContain(
      'TokenEnv: the environment variable CONTROL is empty or not set.',
    );
  });

  it('refuses two tokens', async () => {
    expect(await read({ Port: 1, Token: TOKEN, TokenEnv: 'CONTROL' })).toContain(
      'Token and TokenEnv both give the token',
    );
  });

  it.each(['hunter2', 'sixteen characters', 'sechzehn-zeichen-ü'])(
    'refuses the token %j without showing it',
    async (text) => {
      const message = await read({ Port: 1, Token: text });
      expect(message).toContain('Admin/Token: the token of the control address is shorter than 16');
      expect(message).not.toContain(text);
    },
  );

  it('refuses a host or a token without a port: nothing would listen', async () => {
    expect(await read({ Host: '127.0.0.1' })).toContain('Admin/Host: Gateway.Admin has no Port.');
    expect(await read({ Token: TOKEN })).toContain('Admin/Token: Gateway.Admin has no Port.');
  });
});

describe('isLoopback', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['localhost', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['127.evil.example', false],
  ])('%s: %s', (host, is) => {
    expect(isLoopback(host)).toBe(is);
  });
});
