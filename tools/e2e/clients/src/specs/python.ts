import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { echoServer } from '../echo-server.ts';
import type { NeededProgram } from '../needed-program.ts';
import { PythonClient, pythonClients } from '../python-clients.ts';
import { startStand, type Stand, type TitledLayout } from '../stand.ts';

import { describePlainClient } from './plain-sockets.ts';

/** Python's clients; they are skipped loudly where they are not to be had. */
export function describePython(python: NeededProgram | undefined, layout: TitledLayout): void {
  describe.skipIf(python === undefined)('Python', () => {
    if (python === undefined) return;
    for (const client of pythonClients(python)) describePlainClient(client, layout);
    describe(`websockets 10.4 ${layout.title}`, () => {
      describeWebsockets(python, layout);
    });
  });
}

function describeWebsockets(python: NeededProgram, layout: TitledLayout): void {
  let stand: Stand;
  beforeAll(async () => {
    stand = await startStand({ ...layout, attach: echoServer });
  });
  afterAll(() => stand.close());

  it('agrees on permessage-deflate with the server (RFC 7692)', async () => {
    const [websockets] = pythonClients(python);
    const socket = await websockets?.open(stand.url('ws'));
    expect(socket?.extensions).toBe('permessage-deflate');
    socket?.close(1000, '');
    await socket?.closed;
  });

  it('connects again by itself after its backend was restarted, as `async for` promises', async () => {
    const client = new PythonClient(python, 'websockets_client.py', [stand.url('ws'), '--again']);
    try {
      expect(await client.next('the first connection')).toHaveProperty('open');
      const { text } = (await client.next('the greeting')) as { readonly text: string };
      const { name } = JSON.parse(text) as { readonly name: string };
      await stand.backend(name).restart();
      expect(await client.next('the end')).toMatchObject({ closed: { code: 1014 } });
      expect(await client.next('the second connection')).toHaveProperty('open');
    } finally {
      await client.end();
    }
  });
}
