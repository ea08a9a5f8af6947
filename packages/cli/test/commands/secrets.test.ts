import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { main } from '../../src/main.js';
import { scriptedTerminal } from '../scripted-terminal.js';

/** In every value that nobody shall read. */
const MARK = 'hunter2';
const SECRET = `${MARK}-of-thirty-two-characters-at-least`;

const providers = (secret: unknown) => ({
  Bearer: { Type: 'Jwt', Secret: secret, Issuer: ['me'], Audience: ['chat'] },
  Opaque: { Type: 'Introspection', Url: 'http://127.0.0.1:1/introspect', ClientId: 'gateway', ClientSecret: SECRET },
  Device: { Type: 'ApiKey', Keys: [{ Name: 'ada', Key: SECRET }] },
});

const config = (secret: unknown = SECRET): object => ({
  Routes: [
    {
      Key: 'chat',
      UpstreamPathTemplate: '/chat',
      DownstreamPathTemplate: '/ws',
      DownstreamScheme: 'ws',
      DownstreamHostAndPorts: [{ Host: 'localhost', Port: 1 }],
      AuthenticationOptions: { AuthenticationProviderKeys: ['Bearer', 'Opaque', 'Device'], AllowedScopes: ['chat'] },
      RateLimitOptions: { EnableRateLimiting: true, Limit: 5, Period: '1m' },
      QoSOptions: { MinimumThroughput: 3, BreakDuration: 1000 },
      UpstreamHeaderTransform: { Authorization: `Basic ${SECRET}` },
      Gateway: { Resilience: { HealthCheck: { Type: 'http', Headers: { 'X-Api-Key': SECRET } } } },
    },
  ],
  GlobalConfiguration: {
    Gateway: {
      Admin: { Port: 0, Token: SECRET },
      Authentication: { Providers: providers(secret) },
      RateLimit: { Store: { Type: 'redis', Url: `redis://gateway:${MARK}@127.0.0.1:1/0` } },
    },
  },
});

async function printed(file: object, ...argv: string[]): Promise<{ readonly code: number; readonly text: string }> {
  const terminal = await scriptedTerminal();
  await writeFile(join(terminal.cwd, 'ocelot.json'), JSON.stringify(file));
  const code = await main(argv, terminal);
  return { code, text: terminal.out() + terminal.err() };
}

describe('what commands print about a file with secrets', () => {
  it.each(['validate', 'validate --json', 'routes', 'routes --json'])('%s shows none', async (line) => {
    const { code, text } = await printed(config(), ...line.split(' '));
    expect(text).not.toContain(MARK);
    expect(code).toBe(0);
  });

  it('explain hides a credential that the file adds, and shows the one that was asked about', async () => {
    const route = {
      UpstreamPathTemplate: '/chat',
      DownstreamPathTemplate: '/ws',
      DownstreamHostAndPorts: [{ Host: 'localhost', Port: 1 }],
      UpstreamHeaderTransform: { Authorization: `Basic ${SECRET}` },
    };
    const { code, text } = await printed({ Routes: [route] }, 'explain', 'GET', '/chat', '--header', 'Cookie: a=own');
    expect(code).toBe(0);
    expect(text).toContain('Authorization: ***');
    expect(text).toContain('Cookie: a=own');
    expect(text).not.toContain(MARK);
  });

  it.each([[], ['--json']])('explain tells what the route asks for, and no secret %s', async (...flags) => {
    const { code, text } = await printed(config(), 'explain', 'GET', '/chat', '--websocket', ...flags);
    expect(text).not.toContain(MARK);
    expect(text).toContain('Opaque');
    expect(text).toContain('circuit breaker after 3 failures');
    expect(code).toBe(0);
  });

  it.each([[[SECRET]], [{ Text: SECRET }]])('validate shows none where it is of the wrong type: %#', async (secret) => {
    const { code, text } = await printed(config(secret), 'validate');
    expect(code).toBe(2);
    expect(text).not.toContain(MARK);
  });
});
