// Situation: routes with header transforms, request ids and refusals of every origin.
// Action: clients come every way and are let in, refused by the backend, or refused by the gateway.
// Expected: the transforms of Ocelot's manual hold for each answer, the 101 among them, and one id leads from the client
//   through the log to the backend.
import { describe, expect, it } from 'vitest';

import { type Lines, pipelineStand, REQUEST_WAYS, type Way, WAYS } from './pipeline-stand.js';
import { route } from './stand.js';

const PUBLIC = 'https://api.example.com';

const TRANSFORMS = {
  UpstreamHeaderTransform: {
    'X-Set': 'by the gateway',
    'X-Changed': 'cat, dog',
    'X-Address': '{RemoteIpAddress}',
    'X-Asked': '{UpstreamHost}',
    'X-Base': '{BaseUrl}',
    'X-Unknown': '{Nothing}',
    'X-Inside': 'at {BaseUrl}',
  },
  DownstreamHeaderTransform: {
    'X-Added': 'by the gateway',
    'X-Kept': 'of the gateway',
    'X-Changed': 'cat, dog',
    Location: '{DownstreamBaseUrl}, {BaseUrl}',
    'Retry-After': '7',
  },
};

const subject = pipelineStand((port) => ({
  Routes: [
    route('/in', port, TRANSFORMS),
    route('/limited', port, { ...TRANSFORMS, RateLimitOptions: { Limit: 1, Period: '1h' } }),
    route('/blocked', port, { ...TRANSFORMS, SecurityOptions: { IPBlockedList: ['127.0.0.1'] } }),
    route('/gone', 1, TRANSFORMS),
    route('/own-id', port, { RequestIdKey: 'X-Own-Id' }),
    route('/plain', port),
  ],
  GlobalConfiguration: {
    BaseUrl: PUBLIC,
    RequestIdKey: 'X-Request-Id',
    UpstreamHeaderTransform: { 'X-Set': 'globally', 'X-Everywhere': 'yes' },
    DownstreamHeaderTransform: { 'X-Added': 'globally', 'X-Answered': 'yes' },
  },
}));

const isIn = (way: Way): number => (way.startsWith('GET') ? 200 : 101);

/** Each kind of answer: where a client gets it, with which status, and whether the backend wrote it. */
const ANSWERS: readonly (readonly [string, string, Lines, (way: Way) => number, boolean])[] = [
  ['the backend lets in', '/in', {}, isIn, true],
  ['the backend refuses with 403', '/in?answer=403', {}, () => 403, true],
  ['the backend redirects', '/in?answer=302', {}, () => 302, true],
  ['the backend refuses with 503', '/in?answer=503', {}, () => 503, true],
  ['IP lists refuse', '/blocked', {}, () => 403, false],
  ['the rate limit refuses', '/limited', {}, () => 503, false],
  ['no backend can be reached', '/gone', {}, () => 502, false],
];

describe.each(WAYS)('a %s that', (way) => {
  it.each(ANSWERS)('%s is answered with the headers of the route', async (_what, path, headers, status, isBackends) => {
    subject.witness.answers = {
      'X-Kept': 'of the backend',
      'X-Changed': 'cat and cat',
      Location: `http://127.0.0.1:${subject.witness.port}/next`,
    };
    const reached = await subject.reach(way, path, headers);
    subject.witness.answers = {};
    expect(reached.status, `answer: ${reached.body}`).toBe(status(way));
    expect(reached.all('x-added')).toEqual(['by the gateway']);
    expect(reached.all('x-answered')).toEqual(['yes']);
    expect(reached.all('x-kept')).toEqual([isBackends ? 'of the backend' : 'of the gateway']);
    expect(reached.all('x-changed')).toEqual(isBackends ? ['dog and dog'] : []);
    expect(reached.all('location')).toEqual(isBackends ? [`${PUBLIC}/next`] : []);
    expect(reached.all('x-request-id')).toEqual([reached.id]);
    expect(await subject.leave(reached)).toMatchObject({ requestId: reached.id });
  });

  it('is refused with a Retry-After of its own keeps it', async () => {
    expect((await subject.reach(way, '/limited')).all('retry-after')).toEqual(['-1']);
    expect((await subject.reach(way, '/in')).all('retry-after')).toEqual(['7']);
  });

  it('no route answers is answered 404 with its id: global transforms are those of static routes', async () => {
    const reached = await subject.reach(way, '/nowhere');
    expect([reached.status, reached.all('x-request-id')]).toEqual([404, [reached.id]]);
    expect(await subject.line(reached.id)).toMatchObject({ status: 404, code: 'OCELOT_ERR_ROUTE_NOT_FOUND' });
  });

  it('is let in comes to the backend with the headers of the route', async () => {
    const headers = { 'X-Set': ['one', 'two'], 'X-Changed': 'cat, cat', 'X-Unknown': 'forged', 'X-Address': '1.2.3.4' };
    const { id } = await subject.reach(way, '/in', headers);
    const seen = await subject.witness.seen(id);
    const values = Object.fromEntries(
      ['set', 'changed', 'address', 'asked', 'base', 'unknown', 'inside', 'everywhere'].map((name) => [
        name,
        seen.all(`x-${name}`),
      ]),
    );
    expect(values).toEqual({
      set: ['by the gateway'],
      changed: ['dog, dog'],
      address: ['127.0.0.1'],
      asked: ['gateway.test'],
      base: [PUBLIC],
      unknown: [],
      inside: ['at {BaseUrl}'],
      everywhere: ['yes'],
    });
  });

  it('has no header to find anything in gets none', async () => {
    const { id } = await subject.reach(way, '/in');
    expect((await subject.witness.seen(id)).all('x-changed')).toEqual([]);
  });
});

describe.each(WAYS)('the id of a %s', (way) => {
  it.each([
    ['a word', 'abc'],
    ['128 characters', 'x'.repeat(128)],
    ['every kind of visible character', `!"#$%&'()*+,-./:;<=>?@[]^_{|}~`],
  ])('is taken from the client: %s', async (_what, given) => {
    const unique =
      given.length < 100 ? `${given}${subject.id()}` : given.slice(0, 128 - 12) + subject.id().padStart(12, '-');
    const reached = await subject.reach(way, '/plain', { 'X-Request-Id': unique });
    expect(reached.all('x-request-id')).toEqual([unique]);
    expect((await subject.witness.seen(unique)).all('x-request-id')).toEqual([unique]);
    expect(await subject.leave(reached, unique)).toMatchObject({ requestId: unique });
  });

  it.each([
    ['there is none', undefined],
    ['it is empty', ''],
    ['it is longer than 128 characters', 'x'.repeat(129)],
    ['it has a blank', 'a b'],
    ['it has bytes beyond ASCII', 'ä'],
  ])('is made where %s', async (_what, given) => {
    const reached = await subject.reach(way, '/plain', { 'X-Request-Id': given });
    const [id = '', ...more] = reached.all('x-request-id');
    expect(more).toEqual([]);
    expect(id).toMatch(/^[\x21-\x7e]{1,128}$/);
    expect(id).not.toBe(given);
    expect((await subject.witness.seen(id)).all('x-request-id')).toEqual([id]);
    expect(await subject.leave(reached, id)).toMatchObject({ requestId: id });
  });

  it('goes by the name of the route, where that has one', async () => {
    const given = subject.id();
    const reached = await subject.reach(way, '/own-id', { 'X-Own-Id': given });
    expect(reached.all('x-own-id')).toEqual([given]);
    expect((await subject.witness.seen(reached.id)).all('x-own-id')).toEqual([given]);
    expect(await subject.leave(reached, given)).toMatchObject({ requestId: given });
  });

  it('stands in the body of a refusal of the gateway', async () => {
    const { body, id } = await subject.reach(way, '/blocked');
    const parsed = JSON.parse(body) as Record<string, unknown>;
    const line = await subject.line(id);
    expect(parsed).toMatchObject({ status: 403, code: 'OCELOT_ERR_FORBIDDEN' });
    expect(Object.values(parsed)).toContain(line['exchange']);
  });
});

describe.each(REQUEST_WAYS)('a %s', (way) => {
  it('is another request each time: no two made ids are equal', async () => {
    const made = new Set<string>();
    for (let index = 0; index < 20; index += 1) {
      made.add((await subject.reach(way, '/plain', { 'X-Request-Id': undefined })).get('x-request-id') ?? '');
    }
    expect(made.size).toBe(20);
  });
});
