import type { ServerResponse } from 'node:http';

import { eventually } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { stands } from './http-stand.js';

const { backend, gateway } = stands();

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
}

describe('httpRequestRelay', () => {
  describe('with requests that a client sends behind another one (pipelining)', () => {
    it('asks the backend for one at a time, and answers in their order (RFC 9112 §9.3.2)', async () => {
      const asked: string[] = [];
      const waiting: ServerResponse[] = [];
      const port = await backend((request, response) => {
        asked.push(request.url ?? '');
        waiting.push(response);
      });
      const client = await (await gateway([port])).client();
      client.send(get('/1') + get('/2') + get('/3'));
      for (const path of ['/1', '/2', '/3']) {
        const response = await eventually(() => waiting.shift(), `the backend is asked for ${path}`);
        expect(asked.at(-1)).toBe(path);
        expect(waiting).toEqual([]);
        response.end(path);
        const head = await client.readHead();
        expect((await client.readBody(head)).toString()).toBe(path);
      }
    });

    it('leaves nothing of them when the client leaves: a drain waits for nobody', async () => {
      const asked: string[] = [];
      const port = await backend((request) => asked.push(request.url ?? ''));
      const stand = await gateway([port]);
      const client = await stand.client();
      client.send(get('/1') + get('/2') + get('/3'));
      await eventually(() => asked.length > 0, 'the backend is asked');
      client.destroy();
      expect((await stand.event('request.refused')).errorCode).toBe('OCELOT_ERR_CLIENT_GONE');
      expect(await stand.gateway.drain({ deadlineMs: 2_000, spreadMs: 0 })).toMatchObject({ unfinished: 0 });
      expect(asked).toEqual(['/1']);
    });

    it('answers each that it refuses', async () => {
      const client = await (await gateway([1], { route: { UpstreamPathTemplate: '/here' } })).client();
      client.send(get('/1') + get('/2') + get('/3'));
      for (let count = 0; count < 3; count += 1) {
        const head = await client.readHead();
        await client.readBody(head);
        expect(head.status).toBe(404);
      }
    });
  });
});
