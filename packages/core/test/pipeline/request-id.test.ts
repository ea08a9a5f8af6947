import { describe, expect, it } from 'vitest';

import {
  type Admission,
  createGateway,
  createGatewayRequest,
  type Gateway,
  type GatewayError,
  type GatewayRequest,
  type Plugin,
  type RouteOptions,
} from '../../src/index.js';
import { MemoryLogger } from '../../src/testing/index.js';
import { config, route } from '../make-route.js';

const live = (): AbortSignal => new AbortController().signal;
const KEY = 'X-Request-Id';

const options = (requestIdKey: string | undefined): RouteOptions => ({ ...route('/').options, requestIdKey });

const requestWith = (rawHeaders: readonly string[] = [], path = '/'): GatewayRequest =>
  createGatewayRequest({
    kind: 'http',
    method: 'GET',
    target: path,
    rawHeaders: ['Host', 'gateway.test', ...rawHeaders],
    client: { address: '192.0.2.7', port: 1, tls: false },
  });

async function stand(
  plugins: readonly Plugin[] = [],
): Promise<{ readonly gateway: Gateway; readonly log: MemoryLogger }> {
  const log = new MemoryLogger();
  const routes = [route('/', { options: options(KEY) }), route('/plain')];
  const gateway = await createGateway({ config: config(routes, { global: { RequestIdKey: KEY } }), log, plugins });
  return { gateway, log };
}

const done = async (gateway: Gateway, admission?: Admission): Promise<void> => {
  admission?.finish({ outcome: 'completed' });
  await gateway.drain({ deadlineMs: 0 });
};

const refusalOf = (gateway: Gateway, request: GatewayRequest): Promise<GatewayError> =>
  gateway.admit(request, live()).then(
    () => {
      throw new Error('it was admitted');
    },
    (error: unknown) => error as GatewayError,
  );

describe('RequestIdKey', () => {
  it('takes the client’s id, sends it on as it came, and answers it', async () => {
    const { gateway } = await stand();
    const admission = await gateway.admit(requestWith(['x-request-id', 'abc-1', 'X-A', '1']), live());
    expect(admission.requestId).toBe('abc-1');
    expect(admission.outgoing.headers.get(KEY)).toBe('abc-1');
    expect(admission.answerHeaders(200, ['X-B', '2', 'x-request-id', 'of the backend'])).toEqual([
      'X-B',
      '2',
      KEY,
      'abc-1',
    ]);
    await done(gateway, admission);
  });

  it.each([
    ['none', []],
    ['an empty one', [KEY, '']],
    ['one with a blank', [KEY, 'a b']],
    ['one with a control character', [KEY, 'a\tb']],
    ['one beyond ASCII', [KEY, 'a\u00e9']],
    ['one of 129 characters', [KEY, 'a'.repeat(129)]],
    ['several', [KEY, 'a', KEY, 'b']],
  ])('makes an id when the client sends %s', async (_, rawHeaders) => {
    const { gateway } = await stand();
    const admission = await gateway.admit(requestWith(rawHeaders), live());
    expect(admission.requestId).toBe(admission.id);
    expect(admission.outgoing.headers.get(KEY)).toBe(admission.id);
    await done(gateway, admission);
  });

  it('takes an id of 128 characters', async () => {
    const { gateway } = await stand();
    const longest = '~'.repeat(128);
    const admission = await gateway.admit(requestWith([KEY, longest]), live());
    expect(admission.requestId).toBe(longest);
    await done(gateway, admission);
  });

  it('stands on the log lines of the request', async () => {
    const { gateway, log } = await stand();
    const admission = await gateway.admit(requestWith([KEY, 'abc-1']), live());
    admission.log.info({}, 'here');
    expect(log.lines.at(-1)?.fields).toMatchObject({ exchange: admission.id, requestId: 'abc-1' });
    await done(gateway, admission);
  });

  it('changes nothing on a route without it: the id is the exchange’s own, and the client’s header passes', async () => {
    const { gateway, log } = await stand();
    const admission = await gateway.admit(requestWith([KEY, 'abc-1'], '/plain'), live());
    expect(admission.requestId).toBe(admission.id);
    expect(admission.outgoing.headers.raw).toContain('abc-1');
    expect(admission.answerHeaders(200, [])).toEqual([]);
    admission.log.info({}, 'here');
    expect(log.lines.at(-1)?.fields).not.toHaveProperty('requestId');
    await done(gateway, admission);
  });

  it('stands on refusals: of the route, and by the global key of what matches no route or comes while draining', async () => {
    const closed: Plugin = {
      name: 'closed',
      setup: (to) =>
        to.stage({
          name: 'closed',
          phase: 'admit',
          forRoute: () => () => {
            throw new Error('closed');
          },
        }),
    };
    const { gateway } = await stand([closed]);
    const headers = [KEY, 'abc-1'];
    const expected = { headers: { [KEY]: 'abc-1' }, details: { requestId: 'abc-1', exchangeId: expect.any(String) } };
    expect(await refusalOf(gateway, requestWith(headers))).toMatchObject({
      code: 'OCELOT_ERR_STAGE_FAILED',
      ...expected,
    });
    const unknown = await refusalOf(gateway, requestWith(headers, '/nowhere'));
    expect(unknown).toMatchObject({ code: 'OCELOT_ERR_ROUTE_NOT_FOUND', ...expected });
    const climbing = await refusalOf(gateway, requestWith(headers, '/a%00b'));
    expect(climbing).toMatchObject({ code: 'OCELOT_ERR_REQUEST_INVALID', ...expected });
    await done(gateway);
    expect(await refusalOf(gateway, requestWith(headers))).toMatchObject({ code: 'OCELOT_ERR_DRAINING', ...expected });
  });
});
