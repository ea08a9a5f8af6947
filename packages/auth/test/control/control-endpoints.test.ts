import type { ControlAnswer, ControlEndpoint } from '@ocelot/core';
import { eventually, readClose } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { authEndpoints } from '../../src/control/control-endpoints.js';
import { authStands, bearer } from '../auth-stand.js';

const { gateway, sockets, plain } = authStands();

describe('/auth/revocations', () => {
  it.each([
    ['its subject', { subject: 'alice' }],
    ['its token id', { tokenId: 't-1' }],
    ['a claim', { claim: 'role', value: 'editor' }],
  ])('closes the sockets of %s with 4401, leaves others, and refuses its credentials', async (_, rule) => {
    const stand = await gateway((await sockets()).port);
    const credentials = await bearer({ jti: 't-1', role: ['user', 'editor'] });
    const client = await stand.open(credentials);
    const other = await stand.open(await bearer({ sub: 'bob', jti: 't-2', role: 'user' }));
    expect(await stand.control('POST', '/auth/revocations', rule)).toMatchObject({
      status: 201,
      json: { ...rule, closed: 1 },
    });
    expect(readClose(await client.readFrame())).toMatchObject({ code: 4401 });
    client.destroy();
    await stand.line('OCELOT_ERR_TOKEN_REVOKED');
    other.sendFrame({ opcode: 1, payload: 'on', mask: true });
    expect((await other.readFrame()).payload.toString()).toBe('on');
    const again = await stand.client();
    const answer = await again.upgrade({ headers: credentials });
    expect(answer.status).toBe(401);
    expect(answer.get('www-authenticate')).toContain('error="invalid_token"');
  });

  it('lists what is in force, and takes it back', async () => {
    const stand = await gateway(await plain());
    const until = '2099-01-01T00:00:00.000Z';
    const { json } = await stand.control('POST', '/auth/revocations', { subject: 'alice', until });
    const { id } = json as { readonly id: string };
    expect((await stand.fetch(await bearer())).status).toBe(401);
    expect((await stand.control('GET', '/auth/revocations')).json).toEqual({
      revocations: [{ id, subject: 'alice', until }],
    });
    expect((await stand.control('DELETE', `/auth/revocations/${id}`)).status).toBe(200);
    expect((await stand.control('DELETE', `/auth/revocations/${id}`)).status).toBe(404);
    expect((await stand.fetch(await bearer())).status).toBe(200);
  });

  it('spares tokens that were issued later, so that a subject may log in again', async () => {
    const stand = await gateway(await plain());
    const nowSeconds = Math.floor(Date.now() / 1000);
    await stand.control('POST', '/auth/revocations', { subject: 'alice', issuedBefore: nowSeconds });
    expect((await stand.fetch(await bearer({ iat: nowSeconds - 10 }))).status).toBe(401);
    expect((await stand.fetch(await bearer({ iat: nowSeconds + 1 }))).status).toBe(200);
  });

  it.each([
    ['no JSON', undefined, 'The body is a JSON object.'],
    ['nothing to revoke', {}, 'Name exactly one of'],
    ['two things', { subject: 'a', tokenId: 'b' }, 'Name exactly one of'],
    ['an unknown key', { user: 'a' }, '"user" is none of'],
    ['a number for a text', { subject: 7 }, 'subject is a text.'],
    ['a bad time', { subject: 'a', until: 'tomorrow' }, 'until is a time such as'],
    ['a time that is over: it would revoke nothing', { subject: 'a', until: 1_700_000_000 }, 'until is over already'],
  ])('answers 400 to %s, and says what is wrong', async (_, body, message) => {
    const stand = await gateway(await plain());
    const answer = await stand.control('POST', '/auth/revocations', body);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body)).toEqual({
      status: 400,
      code: 'REQUEST_INVALID',
      message: expect.stringContaining(message) as string,
    });
  });

  it('answers 507 when the list is full', async () => {
    const stand = await gateway(await plain(), { auth: { maxRevocations: 1 } });
    await stand.control('POST', '/auth/revocations', { subject: 'a' });
    expect((await stand.control('POST', '/auth/revocations', { subject: 'b' })).status).toBe(507);
  });

  it('ends a socket that is revoked while its backend is connected to', async () => {
    const backend = await sockets();
    const stand = await gateway(backend.port, {
      plugins: [
        {
          name: 'late',
          setup: (registry) =>
            registry.stage({
              name: 'late',
              phase: 'transform',
              forRoute: () => () => void stand.plugin.revoke({ subject: 'alice' }),
            }),
        },
      ],
    });
    const client = await stand.client();
    expect((await client.upgrade({ headers: await bearer() })).status).toBe(101);
    expect(readClose(await client.readFrame()).code).toBe(4401);
    client.destroy();
    await eventually(() => stand.gateway.openSessions === 0, 'the session is gone');
  });
});

it('keeps tokens with nobody: only revocations are repeated for workers that start later', async () => {
  const stand = await gateway((await sockets()).port);
  const lasting = stand.gateway.controls.filter(({ method, isMomentary }) => method !== 'GET' && isMomentary !== true);
  expect(lasting.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /auth/revocations',
    'DELETE /auth/revocations/{id}',
  ]);
});

describe('answers of several workers', () => {
  const merge = (method: ControlEndpoint['method'], path: string, bodies: readonly (readonly [number, object])[]) => {
    const control = {
      revoke: () => expect.unreachable(),
      unrevoke: () => false,
      revocations: () => [],
      sessions: () => [],
      renew: () => undefined,
    };
    const endpoint = authEndpoints(control).find((one) => one.method === method && one.path === path);
    const answers = bodies.map(([status, body]): ControlAnswer => {
      return { status, contentType: 'application/json', body: JSON.stringify(body) };
    });
    const merged = endpoint?.merge?.(answers);
    return { status: merged?.status, json: JSON.parse(merged?.body ?? 'null') as unknown };
  };

  it('count the sockets that all of them closed', () => {
    const answers = [
      [201, { id: 'r', closed: 1 }],
      [201, { id: 'r', closed: 2 }],
    ] as const;
    expect(merge('POST', '/auth/revocations', answers)).toEqual({ status: 201, json: { id: 'r', closed: 3 } });
  });

  it('hide no failure: a revocation that one of them could not take is none', () => {
    const answers = [
      [201, { id: 'r', closed: 1 }],
      [507, { code: 'LIST_FULL' }],
    ] as const;
    expect(merge('POST', '/auth/revocations', answers)).toEqual({ status: 507, json: { code: 'LIST_FULL' } });
  });

  it('put their lists together, each entry once', () => {
    const answers = [
      [200, { revocations: [{ id: 'a' }, { id: 'b' }] }],
      [200, { revocations: [{ id: 'b' }] }],
    ] as const;
    expect(merge('GET', '/auth/revocations', answers).json).toEqual({ revocations: [{ id: 'a' }, { id: 'b' }] });
    const sessions = [
      [200, { sessions: [{ id: '1' }] }],
      [200, { sessions: [{ id: '2' }] }],
    ] as const;
    expect(merge('GET', '/auth/sessions', sessions).json).toEqual({ sessions: [{ id: '1' }, { id: '2' }] });
  });
});
