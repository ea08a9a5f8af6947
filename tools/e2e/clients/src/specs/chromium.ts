import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { browserServer } from '../browser-server.ts';
import { Chromium, type Page } from '../chromium.ts';
import type { NeededProgram } from '../needed-program.ts';
import { startStand, type Stand, type TitledLayout } from '../stand.ts';
import { AFFINITY_COOKIE } from '../sticky.ts';

const originOf = (port: number): string => `http://127.0.0.1:${port}`;

interface End {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

interface Talk {
  readonly greeting: { readonly name: string; readonly url: string };
  readonly text: string;
  readonly isSame: boolean;
  readonly protocol: string;
  readonly extensions: string;
  readonly closed: End;
}

/** A browser on a page of the gateway's; skipped loudly where there is none. */
export function describeChromium(
  program: NeededProgram | undefined,
  layout: TitledLayout & { readonly gateway?: { readonly Http2: boolean } },
): void {
  const isHttp2 = layout.secure && layout.gateway?.Http2 !== false;
  describe.skipIf(program === undefined)(`Chromium ${layout.title}`, () => {
    let stand: Stand;
    let browser: Chromium;
    let page: Page;
    beforeAll(async () => {
      if (program === undefined) throw new Error('skipped without a browser');
      stand = await startStand({
        ...layout,
        attach: browserServer,
        route: AFFINITY_COOKIE.route,
        routes: (backends) => [
          {
            UpstreamPathTemplate: '/guarded/{everything}',
            Gateway: { AllowedOrigins: backends.map(({ port }) => originOf(port)) },
          },
        ],
      });
      browser = await Chromium.start(program);
      page = await browser.page();
      await page.goto(stand.url('http'));
    });
    afterAll(async () => {
      await browser.close();
      await stand.close();
    });

    const call = <T>(name: string, ...args: readonly unknown[]): Promise<T> =>
      page.evaluate<T>(`probes.${name}(${args.map((value) => JSON.stringify(value)).join(', ')})`);

    it('talks over a WebSocket: text, a megabyte of bytes, subprotocol, permessage-deflate, its own close code', async () => {
      const url = stand.url('ws', '/chat/r%C3%A4ume?room=1');
      const talk = await call<Talk>('talk', url, ['echo.v9', 'echo.v2'], 1_000_000);
      expect(talk).toMatchObject({
        greeting: { url: '/chat/r%C3%A4ume?room=1' },
        text: 'grüße 🚀',
        isSame: true,
        protocol: 'echo.v2',
        extensions: 'permessage-deflate',
        closed: { code: 4001, wasClean: true },
      });
    });

    it("hears the server's close code and reason", async () => {
      const end = await call<End>('beClosed', stand.url('ws'), 4123, 'genug für heute');
      expect(end).toEqual({ code: 4123, reason: 'genug für heute', wasClean: true });
    });

    it('is refused where its origin is not allowed, and its page is told what a browser tells: 1006', async () => {
      const end = await call<End & { readonly failed: boolean }>('beRefused', stand.url('ws', '/guarded/chat'));
      expect(end).toMatchObject({ failed: true, code: 1006, wasClean: false });
      const refused = await stand.gateway.log(({ code }) => code === 'OCELOT_ERR_FORBIDDEN');
      expect(refused).toMatchObject({ reason: 'Gateway.AllowedOrigins', origin: new URL(stand.url('http')).origin });
    });

    it('is let in there from a page of an origin that is allowed', async () => {
      const elsewhere = await browser.page();
      await elsewhere.goto(originOf(stand.backend('one').port));
      const url = stand.url('ws', '/guarded/chat');
      expect(await elsewhere.evaluate(`probes.keep('guarded', '${url}')`)).toMatchObject({ url: '/chat' });
    });

    it('reads a download as it comes', async () => {
      const { parts, done } = await call<{ parts: readonly string[]; done: boolean }>('readInTurns', '/parts', 3);
      expect(parts.map((part) => part.slice(0, 6))).toEqual(['part 1', 'part 2', 'part 3']);
      expect(done).toBe(true);
    });

    if (isHttp2)
      it('uploads a stream, which it does over HTTP/2 only', async () => {
        const answer = await call<{ status: number; text: string }>('upload', '/upload', ['one ', 'by ', 'one']);
        expect(answer).toEqual({ status: 200, text: 'one by one' });
      });

    it('stays with one backend, by a cookie that its scripts cannot read', async () => {
      const names = await call<readonly string[]>('visitors', 4, stand.url('ws'));
      expect(new Set(names).size).toBe(1);
      expect(await page.evaluate('document.cookie')).toBe('');
      const [cookie, ...others] = await page.cookies();
      expect(others).toEqual([]);
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', secure: layout.secure });
    });

    it('goes on with server-sent events behind the last one it saw, after its backend was restarted', async () => {
      const [name] = await call<readonly [string, ...string[]]>('visitors', 1, stand.url('ws'));
      const first = page.evaluate(`new Promise((resolve) => addEventListener('seen', resolve, { once: true }))`);
      const seen = call<readonly { data: string; lastEventId: string }[]>('events', '/events', 2);
      await first;
      await stand.backend(name).restart();
      expect((await seen).map(({ lastEventId }) => lastEventId)).toEqual(['1', '2']);
    });

    it('hears 1014 when its backend dies, and connects again (S18)', async () => {
      const { name } = await call<{ readonly name: string }>('keep', 'lost', stand.url('ws'));
      await stand.backend(name).crash();
      expect(await call<End>('endOf', 'lost')).toMatchObject({ code: 1014, wasClean: true });
      await stand.backend(name).start();
      expect(await call('keep', 'found', stand.url('ws'))).toHaveProperty('name');
    });

    it('is one line of information in the log when its page is left', async () => {
      await call('keep', 'left', stand.url('ws'));
      await page.goto(stand.url('http'));
      // Over HTTP/2 Chromium resets the stream before its Close 1001 has left it.
      const line = await stand.gateway.log(({ msg, code, closeCode }) => {
        return msg === 'session closed' && (isHttp2 ? code === 'OCELOT_ERR_CLIENT_GONE' : closeCode === 1001);
      });
      expect(line).toMatchObject({ level: 'info', closedBy: 'client' });
    });

    it('hears 1012 when the gateway is stopped (S25)', async () => {
      await call('keep', 'last', stand.url('ws'));
      stand.gateway.signal('SIGTERM');
      expect(await call<End>('endOf', 'last')).toMatchObject({ code: 1012, wasClean: true });
      expect((await stand.gateway.ended()).code).toBe(0);
    });

    it(`opened its WebSockets by ${isHttp2 ? 'extended CONNECT in HTTP/2 (RFC 8441)' : 'upgrades of HTTP/1.1'}, says its own log`, async () => {
      const log = await browser.close();
      const opening = isHttp2 ? '":protocol: websocket"' : '"Upgrade: websocket"';
      // Chromium tells of each twice or thrice: as the stream's, as the session's, and as the socket's.
      expect(log.split(opening).length).toBeGreaterThan(5);
      if (!isHttp2) expect(log).not.toContain(':protocol: websocket');
    });
  });
}
