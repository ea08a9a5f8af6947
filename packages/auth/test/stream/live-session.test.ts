import type { Identity } from '@ocelot/core';
import { FakeClock } from '@ocelot/core/testing';
import { eventually, type RawConnection, readClose } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { AuthFailure, type ProviderFactory } from '../../src/index.js';
import { authStands, BY_MAIN, bearer, MAIN, token } from '../auth-stand.js';

const { gateway, sockets, plain } = authStands();

/** A clock that a test moves, and the time of day that goes with it. */
function time() {
  const startMs = Math.floor(Date.now() / 1000) * 1000;
  const clock = new FakeClock();
  return { clock, wallNowMs: () => startMs + clock.now(), seconds: startMs / 1000 };
}

const closeCode = async (client: RawConnection): Promise<number | undefined> =>
  readClose(await client.readFrame()).code;

describe('LiveSession', () => {
  it('ends with 4401 when its token expires, on both sides (S27)', async () => {
    const backend = await sockets();
    const { clock, wallNowMs, seconds } = time();
    const stand = await gateway(backend.port, { clock, auth: { wallNowMs } });
    const client = await stand.open(await bearer({ exp: seconds + 60 }));
    let backendCode: number | undefined;
    for (const socket of backend.sockets) socket.on('close', (code) => void (backendCode = code));
    await clock.advanceAsync(59_900);
    expect(stand.gateway.openSessions).toBe(1);
    await clock.advanceAsync(1000);
    expect(await closeCode(client)).toBe(4401);
    await eventually(() => backendCode, 'the backend is told');
    expect(backendCode).toBe(4401);
  });

  it('ends within a second of exp in real time, and the log line says why', async () => {
    const stand = await gateway((await sockets()).port);
    const exp = Math.floor(Date.now() / 1000) + 2;
    const client = await stand.open(await bearer({ exp }));
    expect(await closeCode(client)).toBe(4401);
    const lateMs = Date.now() - exp * 1000;
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(1000);
    client.sendFrame({ opcode: 8, payload: Buffer.from([0x11, 0x31]), mask: true });
    const { fields } = await stand.line('OCELOT_ERR_TOKEN_EXPIRED');
    expect(fields).toMatchObject({ closeCode: 4401 });
  });

  it('ends with the code that the route says', async () => {
    const { clock, wallNowMs, seconds } = time();
    const stand = await gateway((await sockets()).port, {
      clock,
      auth: { wallNowMs },
      route: { ...BY_MAIN, Gateway: { Authentication: { CloseCode: 3000 } } },
    });
    const client = await stand.open(await bearer({ exp: seconds + 1 }));
    await clock.advanceAsync(1000);
    expect(await closeCode(client)).toBe(3000);
  });

  it('lives for years where the token does, beyond what a timer of Node can wait (S27)', async () => {
    const { clock, wallNowMs, seconds } = time();
    const stand = await gateway((await sockets()).port, { clock, auth: { wallNowMs } });
    const client = await stand.open(await bearer({ exp: seconds + 10_000_000 }));
    clock.advance(60_000);
    client.sendFrame({ opcode: 1, payload: 'still here', mask: true });
    expect((await client.readFrame()).payload.toString()).toBe('still here');
  });

  it('ends when the token of its first message expires', async () => {
    const { clock, wallNowMs, seconds } = time();
    const stand = await gateway((await sockets()).port, {
      clock,
      auth: { wallNowMs },
      authentication: { Providers: { Main: { ...MAIN, In: ['message'] } } },
    });
    const client = await stand.open();
    client.sendFrame({ opcode: 1, payload: await token({ exp: seconds + 60 }), mask: true });
    client.sendFrame({ opcode: 1, payload: 'hello', mask: true });
    // The token itself is for the gateway.
    expect((await client.readFrame()).payload.toString()).toBe('hello');
    await clock.advanceAsync(60_000);
    expect(await closeCode(client)).toBe(4401);
  });

  it('ends event streams too', async () => {
    const { clock, wallNowMs, seconds } = time();
    const stand = await gateway(await plain(), { clock, auth: { wallNowMs } });
    const client = await stand.client();
    const { Authorization } = await bearer({ exp: seconds + 60 });
    client.send(`GET /events HTTP/1.1\r\nHost: x\r\nAuthorization: ${Authorization}\r\n\r\n`);
    await client.readHead();
    await eventually(() => stand.gateway.openSessions === 1, 'the event stream stands');
    await clock.advanceAsync(60_000);
    await client.ended;
    expect((await stand.line('OCELOT_ERR_TOKEN_EXPIRED')).fields).toMatchObject({ reason: 'expired', status: 200 });
  });

  it('leaves nothing behind when the socket closes first', async () => {
    const { clock, wallNowMs, seconds } = time();
    const stand = await gateway((await sockets()).port, { clock, auth: { wallNowMs } });
    const before = clock.pending;
    const client = await stand.open(await bearer({ exp: seconds + 60, jti: 't' }));
    client.reset();
    await eventually(() => stand.gateway.openSessions === 0, 'the session is gone');
    expect((await stand.control('GET', '/auth/sessions')).json).toEqual({ sessions: [] });
    expect(clock.pending).toBeLessThanOrEqual(before);
  });
});

describe('renewal', () => {
  const RENEWED = { ...BY_MAIN, Gateway: { Authentication: { Renewal: { MessageType: 'auth.renew' } } } };

  async function opened(claims: object = {}, route: object = RENEWED) {
    const backend = await sockets();
    const times = time();
    const stand = await gateway(backend.port, { clock: times.clock, auth: { wallNowMs: times.wallNowMs }, route });
    const client = await stand.open(await bearer({ exp: times.seconds + 60, ...claims }));
    const renew = async (message: object): Promise<unknown> => {
      client.sendFrame({ opcode: 1, payload: JSON.stringify(message), mask: true });
      return JSON.parse((await client.readFrame()).payload.toString()) as unknown;
    };
    return { ...times, stand, client, renew };
  }

  it('by a message keeps the socket open, and the backend sees nothing of it', async () => {
    const { clock, client, renew, seconds } = await opened();
    const exp = seconds + 120;
    expect(await renew({ type: 'auth.renew', token: await token({ exp }) })).toEqual({
      type: 'auth.renew',
      renewed: true,
      expiresAt: new Date(exp * 1000).toISOString(),
    });
    await clock.advanceAsync(90_000);
    client.sendFrame({ opcode: 1, payload: 'echo', mask: true });
    expect((await client.readFrame()).payload.toString()).toBe('echo');
    await clock.advanceAsync(30_000);
    expect(await closeCode(client)).toBe(4401);
  });

  it.each([
    ['of another subject', { sub: 'bob' }, 'subject'],
    ['that is expired', { exp: 5 }, 'expired'],
    ['for somebody else', { aud: 'x' }, 'audience'],
  ])('refuses a token %s, and the old one goes on', async (_, claims, reason) => {
    const { clock, client, renew, stand } = await opened();
    const shown = await token(claims);
    expect(await renew({ type: 'auth.renew', token: shown })).toEqual({ type: 'auth.renew', renewed: false, reason });
    expect(stand.lines.find(({ message }) => message === 'credentials were not renewed')?.fields).toMatchObject({
      reason,
      provider: 'Main',
    });
    expect(JSON.stringify(stand.lines)).not.toContain(shown);
    await clock.advanceAsync(60_000);
    expect(await closeCode(client)).toBe(4401);
  });

  // A subject is unique within its issuer only (RFC 7519 §4.1.2).
  it('refuses a token of the same subject of another issuer', async () => {
    const { renew } = await opened({ iss: 'https://a.example' });
    expect(await renew({ type: 'auth.renew', token: await token({ iss: 'https://b.example' }) })).toMatchObject({
      renewed: false,
      reason: 'subject',
    });
  });

  it('refuses a token that may not use the route any more', async () => {
    const { renew } = await opened({ role: 'admin' }, { ...RENEWED, RouteClaimsRequirement: { role: 'admin' } });
    expect(await renew({ type: 'auth.renew', token: await token({ role: 'user' }) })).toMatchObject({
      renewed: false,
      reason: 'forbidden',
    });
  });

  it('fills no log with a client that goes on asking', async () => {
    const { renew, stand } = await opened();
    for (let index = 0; index < 3; index += 1) await renew({ type: 'auth.renew', token: 'a.b.c' });
    const levels = stand.lines.filter(({ message }) => message === 'credentials were not renewed');
    expect(levels.map(({ level }) => level)).toEqual(['info', 'debug', 'debug']);
  });

  it('says so when the token is missing', async () => {
    const { renew } = await opened();
    expect(await renew({ type: 'auth.renew' })).toEqual({ type: 'auth.renew', renewed: false, reason: 'no-token' });
  });

  it.each(['{"type":"auth.renewal","token":"x"}', '{"text":"auth.renew"}', '"auth.renew"', 'say "auth.renew"', '[]'])(
    'lets %s pass: it is no renewal',
    async (payload) => {
      const { client } = await opened();
      client.sendFrame({ opcode: 1, payload, mask: true });
      expect((await client.readFrame()).payload.toString()).toBe(payload);
    },
  );

  it('comes by the control address as well', async () => {
    const { clock, client, stand, seconds } = await opened({}, BY_MAIN);
    const listed = (await stand.control('GET', '/auth/sessions?subject=alice')).json as {
      readonly sessions: readonly { readonly id: string }[];
    };
    const [session] = listed.sessions;
    expect(session).toMatchObject({ subject: 'alice', provider: 'Main' });
    const path = `/auth/sessions/${session?.id ?? ''}/token`;
    expect(await stand.control('POST', path, { token: await token({ exp: seconds + 120 }) })).toMatchObject({
      status: 200,
      json: { renewed: true },
    });
    expect(await stand.control('POST', path, { token: 'x.y.z' })).toMatchObject({ status: 403 });
    expect(await stand.control('POST', path, {})).toMatchObject({ status: 400 });
    expect(await stand.control('POST', '/auth/sessions/none/token', { token: 'x' })).toMatchObject({ status: 404 });
    await clock.advanceAsync(119_000);
    expect(stand.gateway.openSessions).toBe(1);
    await clock.advanceAsync(1000);
    expect(await closeCode(client)).toBe(4401);
  });

  it('is verified by the provider that is in force now', async () => {
    const { stand, seconds } = await opened({}, BY_MAIN);
    const secret = 'a-new-secret-of-these-tests-of-48-bytes-and-more';
    const rotated = { Providers: { Main: { ...MAIN, Secret: secret } } };
    await stand.gateway.reload(stand.configure({ authentication: rotated }));
    const { sessions } = (await stand.control('GET', '/auth/sessions')).json as {
      readonly sessions: readonly { readonly id: string }[];
    };
    const path = `/auth/sessions/${sessions[0]?.id ?? ''}/token`;
    expect(await stand.control('POST', path, { token: await token() })).toMatchObject({ status: 403 });
    const fresh = await token({ exp: seconds + 90 }, secret);
    expect(await stand.control('POST', path, { token: fresh })).toMatchObject({ status: 200 });
  });
});

describe('checks of open sessions (RecheckIntervalMs)', () => {
  const identity: Identity = {
    provider: 'Main',
    subject: 'alice',
    tokenId: undefined,
    claims: { sub: ['alice'] },
    expiresAtMs: undefined,
  };

  it('spare credentials that name nobody', async () => {
    const { clock, wallNowMs } = time();
    const nameless: ProviderFactory = (name) => ({
      name,
      challenge: () => 'Test',
      find: () => ({ kind: 'custom', value: 1, place: 'test' }),
      verify: () => ({ ...identity, subject: undefined }),
    });
    const stand = await gateway((await sockets()).port, {
      clock,
      auth: { wallNowMs, providers: { Test: nameless } },
      authentication: { Providers: { Main: { Type: 'Test' } }, RecheckIntervalMs: 10_000 },
    });
    const client = await stand.open();
    await clock.advanceAsync(30_000);
    client.sendFrame({ opcode: 1, payload: 'still here', mask: true });
    expect((await client.readFrame()).payload.toString()).toBe('still here');
  });

  /** A socket that came with the token `old`, and its owner's way to renew it. */
  async function checked(verify: (token: string, isRecheck: boolean) => Identity | Promise<Identity>) {
    const { clock, wallNowMs } = time();
    const scripted: ProviderFactory = (name) => ({
      name,
      challenge: () => 'Test',
      find: () => ({ kind: 'bearer', token: 'old', place: 'test' }),
      fromText: (text, place) => ({ kind: 'bearer', token: text, place }),
      verify: (credentials, { isRecheck }) =>
        verify(credentials.kind === 'bearer' ? credentials.token : '', isRecheck === true),
    });
    const stand = await gateway((await sockets()).port, {
      clock,
      auth: { wallNowMs, providers: { Test: scripted } },
      authentication: { Providers: { Main: { Type: 'Test' } }, RecheckIntervalMs: 10_000 },
    });
    const client = await stand.open();
    const { sessions } = (await stand.control('GET', '/auth/sessions')).json as {
      readonly sessions: readonly { readonly id: string }[];
    };
    return {
      clock,
      wallNowMs,
      stand,
      client,
      renew: (text: string) => stand.plugin.renew(sessions[0]?.id ?? '', text),
    };
  }

  const isOpen = async (client: RawConnection): Promise<boolean> => {
    client.sendFrame({ opcode: 1, payload: 'still here', mask: true });
    return (await client.readFrame()).payload.toString() === 'still here';
  };

  it('check the token that a renewal put in place, and forget the one before it', async () => {
    const asked: string[] = [];
    const { clock, client, renew } = await checked((shown, isRecheck) => {
      if (isRecheck) asked.push(shown);
      return { ...identity, expiresAtMs: Date.now() + (shown === 'old' ? 60_000 : 86_400_000) };
    });
    await clock.advanceAsync(10_000);
    expect(await renew('new')).toMatchObject({ renewed: true });
    for (let round = 0; round < 6; round += 1) await clock.advanceAsync(10_000);
    expect(asked).toEqual(['old', 'new', 'new', 'new', 'new', 'new', 'new']);
    expect(await isOpen(client)).toBe(true);
  });

  it('let a renewal stand that came while the token before it was checked', async () => {
    let finish: (() => void) | undefined;
    const { clock, client, renew } = await checked(async (_shown, isRecheck) => {
      if (!isRecheck) return identity;
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      throw new AuthFailure('inactive', 'The token is not active.');
    });
    await clock.advanceAsync(10_000);
    expect(await renew('new')).toMatchObject({ renewed: true });
    finish?.();
    await clock.advanceAsync(1000);
    expect(await isOpen(client)).toBe(true);
  });

  it('fill no log while nobody can be asked', async () => {
    const { clock, stand } = await checked((_shown, isRecheck) => {
      if (!isRecheck) return identity;
      throw new AuthFailure('unreachable', 'Not now.', { isUnavailable: true });
    });
    for (let round = 0; round < 3; round += 1) await clock.advanceAsync(10_000);
    const told = stand.lines.filter(({ message }) => message.includes('cannot be checked again'));
    expect(told.map(({ level }) => level)).toEqual(['warn', 'debug', 'debug']);
  });

  it('end the session when the issuer takes the token back, not while it cannot be asked', async () => {
    const { clock, wallNowMs } = time();
    let answer: () => Identity = () => identity;
    let checks = 0;
    const scripted: ProviderFactory = (name) => ({
      name,
      challenge: () => 'Test',
      find: () => ({ kind: 'custom', value: 1, place: 'test' }),
      verify: (_credentials, { isRecheck }) => {
        if (isRecheck === true) checks += 1;
        return answer();
      },
    });
    const stand = await gateway((await sockets()).port, {
      clock,
      auth: { wallNowMs, providers: { Test: scripted } },
      authentication: { Providers: { Main: { Type: 'Test' } }, RecheckIntervalMs: 10_000 },
    });
    const client = await stand.open();
    await clock.advanceAsync(10_000);
    expect(checks).toBe(1);
    answer = () => {
      throw new AuthFailure('unreachable', 'Not now.', { isUnavailable: true });
    };
    await clock.advanceAsync(10_000);
    expect(checks).toBe(2);
    expect(stand.gateway.openSessions).toBe(1);
    answer = () => {
      throw new AuthFailure('inactive', 'The token is not active.');
    };
    await clock.advanceAsync(10_000);
    expect(await closeCode(client)).toBe(4401);
    client.destroy();
    await stand.line('OCELOT_ERR_TOKEN_REVOKED');
  });
});
