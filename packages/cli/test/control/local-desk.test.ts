import { type ControlAnswer, type ControlEndpoint, GatewayError } from '@ocelot/core';
import { MemoryLogger } from '@ocelot/core/testing';
import { describe, expect, it } from 'vitest';

import { LocalDesk } from '../../src/control/local-desk.js';

const text = (body: string, status = 200): ControlAnswer => ({ status, contentType: 'text/plain', body });

function deskWith(control: Partial<ControlEndpoint>, limitMs?: number) {
  const log = new MemoryLogger();
  const endpoint: ControlEndpoint = {
    method: 'GET',
    path: '/x/{id}',
    description: 'd',
    handle: () => text('ok'),
    ...control,
  };
  return { log, desk: new LocalDesk({ controls: [endpoint], log }, limitMs) };
}

const QUESTION = {
  method: 'GET',
  template: '/x/{id}',
  path: '/x/7',
  params: { id: '7' },
  query: 'a=1&a=2',
  headers: { accept: '*/*' },
  body: 'hello',
} as const;

describe('LocalDesk', () => {
  it('lists the calls of the plugins', () => {
    expect(deskWith({}).desk.calls).toEqual([{ method: 'GET', path: '/x/{id}', description: 'd' }]);
  });

  it('hands the whole request to the plugin', async () => {
    const { desk } = deskWith({
      handle: ({ method, path, params, query, headers, body }) =>
        text(JSON.stringify([method, path, params['id'], query.getAll('a'), headers['accept'], body])),
    });
    const { answer } = await desk.ask(QUESTION);
    expect(JSON.parse(answer.body)).toEqual(['GET', '/x/7', '7', ['1', '2'], '*/*', 'hello']);
  });

  it('answers a GatewayError with its status and code', async () => {
    const { desk } = deskWith({
      handle: () => {
        throw new GatewayError('OCELOT_ERR_FORBIDDEN', { message: 'Not this one.' });
      },
    });
    const { answer } = await desk.ask(QUESTION);
    expect(JSON.parse(answer.body)).toEqual({ status: 403, code: 'OCELOT_ERR_FORBIDDEN', message: 'Not this one.' });
  });

  it('answers 500 to anything else that is thrown, and tells the cause to the log alone', async () => {
    const { desk, log } = deskWith({ handle: () => Promise.reject(new Error('secret path')) });
    const { answer } = await desk.ask(QUESTION);
    expect(answer).toMatchObject({ status: 500, body: expect.stringContaining('CALL_FAILED') });
    expect(answer.body).not.toContain('secret');
    expect(log.lines).toMatchObject([
      { level: 'error', message: 'a control call failed', fields: { call: 'GET /x/{id}' } },
    ]);
  });

  it('answers 504 to a call that does not end', async () => {
    const { desk } = deskWith({ handle: () => new Promise(() => undefined) }, 10);
    expect((await desk.ask(QUESTION)).answer).toMatchObject({ status: 504 });
  });

  it('answers 404 to a call that it does not know', async () => {
    expect((await deskWith({}).desk.ask({ ...QUESTION, template: '/y' })).answer.status).toBe(404);
  });

  it('makes one answer as the plugin says', () => {
    const { desk } = deskWith({ merge: (answers) => text(answers.map(({ body }) => body).join('+')) });
    expect(desk.merge(QUESTION, [text('a'), text('b')]).body).toBe('a+b');
  });

  it('takes the first answer with the best status where the plugin says nothing', () => {
    const answers = [text('late', 504), text('first'), text('second')];
    expect(deskWith({}).desk.merge(QUESTION, answers).body).toBe('first');
  });

  it('answers 500 when answers cannot be merged', () => {
    const { desk } = deskWith({
      merge: () => {
        throw new Error('no');
      },
    });
    expect(desk.merge(QUESTION, [text('a'), text('b')]).status).toBe(500);
  });
});
