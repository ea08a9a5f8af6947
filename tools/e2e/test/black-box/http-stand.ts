import { rawClient, type RawClient } from '@ocelot/test-support';
import { afterAll, beforeAll, expect } from 'vitest';

import { runOcelot, type RunningOcelot } from '../../src/run-ocelot.js';
import { recordingBackend, type RecordingBackend } from './recording-backend.js';
import { route } from './stand.js';

/** What a client got for the bytes it sent. */
export interface Outcome {
  /** The status of every answer, in order. */
  readonly statuses: readonly number[];
  readonly text: string;
}

/** A built gateway, a backend behind it that keeps every byte, and raw clients. */
export class HttpStand {
  #gateway: RunningOcelot | undefined;
  #backend: RecordingBackend | undefined;
  #targets = 0;
  readonly #clients: RawClient[] = [];

  get gateway(): RunningOcelot {
    if (this.#gateway === undefined) throw new Error('the gateway was not started');
    return this.#gateway;
  }
  get backend(): RecordingBackend {
    if (this.#backend === undefined) throw new Error('the backend was not started');
    return this.#backend;
  }

  async start(): Promise<void> {
    this.#backend = await recordingBackend();
    const { port } = this.#backend;
    this.#gateway = await runOcelot({
      Routes: [
        route('/http/{everything}', port),
        route('/blocked/{everything}', port, { SecurityOptions: { IPBlockedList: ['127.0.0.1'] } }),
        route('/small/{everything}', port, { Gateway: { MaxRequestBodyBytes: 10 } }),
      ],
    });
  }

  /** Everybody leaves; the gateway must be alive, have said nothing bad, and stop in order. */
  async finish(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.#backend?.close();
    const { code, stderr } = (await this.#gateway?.stop()) ?? { code: 0, stderr: '' };
    expect(stderr.split('\n').filter((line) => /"level":"(?:error|fatal)"|unexpected/.test(line))).toEqual([]);
    expect(code).toBe(0);
  }

  /** A target that no other test uses. */
  target(folder = 'http'): string {
    this.#targets += 1;
    return `/${folder}/t${this.#targets}-`;
  }

  /** A connection to the gateway; {@link finish} ends it. */
  async connect(): Promise<RawClient> {
    const client = await rawClient(this.gateway.port);
    this.#clients.push(client);
    return client;
  }

  /** Sends bytes (latin1) on a new connection and takes what comes until the gateway ends it. */
  async exchange(bytes: string): Promise<Outcome> {
    const client = await this.connect();
    client.send(Buffer.from(bytes, 'latin1'));
    const text = (await client.readToEnd()).toString('latin1');
    client.destroy();
    return { text, statuses: [...text.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => Number(status)) };
  }
}

/** One gateway for the tests of a file. */
export function httpStand(): HttpStand {
  const subject = new HttpStand();
  beforeAll(() => subject.start());
  afterAll(() => subject.finish());
  return subject;
}
