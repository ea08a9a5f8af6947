import { request } from 'node:http';

import { rawClient } from '@ocelot/test-support';

/** How a request of a visitor was answered. */
export interface Visit {
  readonly status: number;
  /** Which backend answered, as it says itself. */
  readonly backend: string | undefined;
  readonly body: string;
}

/**
 * A client with cookies, as a browser is one, which opens a connection of its own for each request: those may reach
 * any worker.
 */
export class Visitor {
  readonly cookies = new Map<string, string>();

  /** Sends a request without a body. */
  ask(port: number, method: string, target: string): Promise<Visit> {
    return new Promise((resolve, reject) => {
      const headers = { cookie: this.#cookie(), 'content-length': 0 };
      const call = request({ port, host: '127.0.0.1', method, path: target, headers, agent: false, timeout: 8_000 });
      call.on('error', reject);
      call.on('timeout', () => call.destroy(new Error(`${method} ${target} was not answered`)));
      call.on('response', (response) => {
        let body = '';
        this.#take(response.headers['set-cookie'] ?? []);
        response.setEncoding('utf8').on('data', (text: string) => void (body += text));
        response.on('error', reject);
        response.on('end', () => {
          const { 'x-backend': backend } = response.headers;
          resolve({
            status: response.statusCode ?? 0,
            backend: typeof backend === 'string' ? backend : undefined,
            body,
          });
        });
      });
      call.end();
    });
  }

  /** Opens a WebSocket and lets it go again. */
  async upgrade(port: number, target: string): Promise<Visit> {
    const client = await rawClient(port);
    try {
      const head = await client.upgrade({ target, headers: { Cookie: this.#cookie() } });
      this.#take(head.all('set-cookie'));
      return { status: head.status, backend: head.get('x-backend'), body: '' };
    } finally {
      client.destroy();
    }
  }

  #cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  #take(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = ''] = line.split(';');
      const equals = pair.indexOf('=');
      this.cookies.set(pair.slice(0, equals).trim(), pair.slice(equals + 1).trim());
    }
  }
}
