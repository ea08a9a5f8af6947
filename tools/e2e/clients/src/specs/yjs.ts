import { randomBytes } from 'node:crypto';

import { eventually, within } from '@ocelot/test-support';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import { Doc } from 'yjs';

import type { ProcessBackend } from '../process-backend.ts';
import { startStandBefore, type Stand, type TitledLayout } from '../stand.ts';
import { consistentHash } from '../sticky.ts';
import { yjsServers } from '../yjs-servers.ts';

interface Editor {
  readonly doc: Doc;
  readonly provider: WebsocketProvider;
  text(): string;
  insert(at: number, text: string): void;
}

/**
 * Yjs over y-websocket: all who edit a document must reach the server that holds it, however many there are. So the
 * document's name is in the query, and the gateway hashes it.
 */
export function describeYjs(layout: TitledLayout): void {
  describe(`Yjs 13.6 with y-websocket 3.1 ${layout.title}`, () => {
    let stand: Stand<ProcessBackend>;
    const editors: Editor[] = [];
    beforeAll(async () => {
      stand = await startStandBefore(yjsServers(layout.backends), { ...layout, ...consistentHash('query:document') });
    });
    afterEach(() => {
      for (const { provider, doc } of editors.splice(0)) {
        provider.destroy();
        doc.destroy();
      }
    });
    afterAll(() => stand.close());

    const open = async (document: string): Promise<Editor> => {
      const doc = new Doc();
      const provider = new WebsocketProvider(stand.url('ws', '/docs'), document, doc, {
        WebSocketPolyfill: WebSocket as never,
        params: { document },
        maxBackoffTime: 100,
        disableBc: true, // Else two documents of one process meet without any server.
      });
      const content = doc.getText('content');
      const editor = {
        doc,
        provider,
        text: () => content.toJSON(),
        insert: (at: number, text: string) => content.insert(at, text),
      };
      editors.push(editor);
      const synced = new Promise<void>((resolve) => {
        provider.once('sync', () => resolve());
      });
      await within(synced, 'the first synchronisation');
      return editor;
    };
    const converge = (left: Editor, right: Editor, length: number): Promise<unknown> =>
      eventually(() => left.text() === right.text() && left.text().length === length, 'both documents are the same');

    it('lets two documents converge that are edited at once, however many documents there are', async () => {
      for (let index = 0; index < 4; index += 1) {
        const document = `paper-${randomBytes(4).toString('hex')}`;
        const [left, right] = await Promise.all([open(document), open(document)]);
        for (let letter = 0; letter < 20; letter += 1) {
          left.insert(0, 'a');
          right.insert(right.text().length, 'z');
        }
        await converge(left, right, 40);
        expect(left.text()).toContain('a');
        expect(left.text()).toContain('z');
      }
    });

    it('shows each editor who else is there', async () => {
      const document = `paper-${randomBytes(4).toString('hex')}`;
      const [left, right] = await Promise.all([open(document), open(document)]);
      left.provider.awareness.setLocalStateField('name', 'Ada');
      const names = (): unknown[] => [...right.provider.awareness.getStates().values()].map((state) => state['name']);
      await eventually(() => names().includes('Ada'), 'the other editor sees Ada');
      expect(names()).toHaveLength(2);
    });

    it('converges again by itself after its server was restarted, with what was written meanwhile', async () => {
      const document = `paper-${randomBytes(4).toString('hex')}`;
      const [left, right] = await Promise.all([open(document), open(document)]);
      left.insert(0, 'before ');
      await converge(left, right, 7);
      await Promise.all(stand.backends.map((backend) => backend.crash()));
      left.insert(7, 'left ');
      right.insert(7, 'right ');
      await Promise.all(stand.backends.map((backend) => backend.start()));
      await converge(left, right, 18);
      expect(left.text()).toMatch(/^before (left right|right left) $/);
    });
  });
}
