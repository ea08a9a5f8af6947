import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { TEST_CERTIFICATE, within } from '@ocelot/test-support';

import { temporaryFolder } from '../../src/run-ocelot.ts';

import { Cdp } from './cdp.ts';
import type { NeededProgram } from './needed-program.ts';

/** Longest wait for a browser to start or to end. */
const START_MS = 30_000;

/** Without the network's services of its maker: they are not what is tested, and cannot be reached here. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-extensions',
  '--no-first-run',
  '--no-default-browser-check',
  '--remote-debugging-port=0',
];

/** A page in a browser. */
export class Page {
  readonly #cdp: Cdp;
  readonly #sessionId: string;

  constructor(cdp: Cdp, sessionId: string) {
    this.#cdp = cdp;
    this.#sessionId = sessionId;
  }

  /** Goes to an address and waits until all of it is loaded. @throws Error as the browser says why it cannot. */
  async goto(url: string): Promise<void> {
    await this.#cdp.call('Page.enable', {}, this.#sessionId);
    const loaded = this.#cdp.next('Page.loadEventFired');
    loaded.catch(() => undefined); // Awaited below, unless the address itself fails.
    const { errorText } = await this.#cdp.call<{ errorText?: string }>('Page.navigate', { url }, this.#sessionId);
    if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
    await loaded;
  }

  /** The value of an expression, awaited in the page. @throws Error with what the page threw. */
  async evaluate<T>(expression: string): Promise<T> {
    const parameters = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.#cdp.call<{
      readonly result: { readonly value?: T };
      readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } };
    }>('Runtime.evaluate', parameters, this.#sessionId);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value as T;
  }

  /** Every cookie that the page's address may read or send, with its attributes. */
  async cookies(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { cookies } = await this.#cdp.call<{ readonly cookies: readonly Record<string, unknown>[] }>(
      'Network.getCookies',
      {},
      this.#sessionId,
    );
    return cookies;
  }
}

type Folder = Awaited<ReturnType<typeof temporaryFolder>>;

/** A headless Chromium that trusts the gateway's certificate and keeps everything in a folder of its own. */
export class Chromium {
  readonly #child: ChildProcess;
  readonly #cdp: Cdp;
  readonly #folder: Folder;
  readonly #ended: Promise<unknown>;
  #netLog: string | undefined;

  private constructor(child: ChildProcess, cdp: Cdp, folder: Folder, ended: Promise<unknown>) {
    this.#child = child;
    this.#cdp = cdp;
    this.#folder = folder;
    this.#ended = ended;
  }

  static async start(program: NeededProgram): Promise<Chromium> {
    const folder = await temporaryFolder();
    const key = new X509Certificate(TEST_CERTIFICATE.cert).publicKey.export({ type: 'spki', format: 'der' });
    const child = spawn(
      program.path,
      [
        ...FLAGS,
        `--user-data-dir=${join(folder.path, 'profile')}`,
        `--log-net-log=${join(folder.path, 'net-log.json')}`,
        `--ignore-certificate-errors-spki-list=${createHash('sha256').update(key).digest('base64')}`,
        'about:blank',
      ],
      { env: { ...program.environment, HOME: folder.path }, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    const ended = once(child, 'close');
    ended.catch(() => undefined); // A browser that cannot be spawned says nothing: reported below.
    const found = new Promise<string>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const url = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
        if (url !== undefined) resolve(url);
      });
      child.once('error', reject);
      child.once('exit', () => reject(new Error('it ended')));
    });
    try {
      const cdp = await Cdp.connect(await within(found, 'the browser to start', START_MS));
      return new Chromium(child, cdp, folder, ended);
    } catch (error) {
      child.kill('SIGKILL');
      await folder.remove();
      throw new Error(`${program.path} does not start: ${String(error)}\n${said}`, { cause: error });
    }
  }

  /** A new page. */
  async page(): Promise<Page> {
    const { targetId } = await this.#cdp.call<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
    const parameters = { targetId, flatten: true };
    const { sessionId } = await this.#cdp.call<{ sessionId: string }>('Target.attachToTarget', parameters);
    return new Page(this.#cdp, sessionId);
  }

  /**
   * Ends the browser and removes what it kept. Idempotent.
   * @returns the browser's own log of its network, which it finishes when it ends.
   */
  async close(): Promise<string> {
    if (this.#netLog !== undefined) return this.#netLog;
    try {
      // It may be gone before it has answered; its end is what counts.
      await this.#cdp.call('Browser.close').catch(() => undefined);
      await within(this.#ended, 'the end of the browser', START_MS);
      this.#netLog = await readFile(join(this.#folder.path, 'net-log.json'), 'utf8');
      return this.#netLog;
    } finally {
      this.#child.kill('SIGKILL');
      this.#cdp.close();
      await this.#folder.remove();
    }
  }
}
