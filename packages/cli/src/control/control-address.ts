import type { GatewayConfig, Logger } from '@ocelot/core';

import type { Terminal } from '../terminal.js';
import { type AdminSettings, readAdminSettings } from './admin-settings.js';
import type { ControlDesk } from './control-desk.js';
import { ControlServer, type ControlState } from './control-server.js';

/**
 * The control address of a running gateway (`Gateway.Admin`): opened before the gateway, so that probes see it start,
 * moved by reloads, and closed last. Owns its server.
 */
export class ControlAddress {
  readonly #terminal: Pick<Terminal, 'cwd' | 'env'>;
  readonly #log: Logger;
  readonly #state: { -readonly [Key in keyof ControlState]: ControlState[Key] } = {
    readiness: 'starting',
    desk: undefined,
  };
  #server: ControlServer | undefined;
  #settings: AdminSettings | undefined;

  private constructor(terminal: Pick<Terminal, 'cwd' | 'env'>, log: Logger) {
    this.#terminal = terminal;
    this.#log = log;
  }

  /**
   * Opens what the configuration asks for; nothing when it asks for none.
   * @throws ConfigError, CommandError (exit code 3: the port is taken)
   */
  static async open(
    config: GatewayConfig,
    terminal: Pick<Terminal, 'cwd' | 'env'>,
    log: Logger,
  ): Promise<ControlAddress> {
    const address = new ControlAddress(terminal, log);
    await address.follow(config, () => Promise.resolve());
    return address;
  }

  /** Where it is open; undefined: nowhere. */
  get url(): string | undefined {
    return this.#server?.url;
  }

  /** The gateway has started: its calls are answered, and it is ready. */
  attach(desk: ControlDesk): void {
    this.#state.desk = desk;
    this.#state.readiness = 'ready';
  }

  /** The gateway takes no new clients any more. */
  draining(): void {
    this.#state.readiness = 'draining';
  }

  /**
   * Goes along with a reload. A new address is opened before `apply` puts the configuration in force, and the old one
   * closed after it; when either fails everything stays as it was.
   * @throws ConfigError, CommandError, or what `apply` throws.
   */
  async follow<T>(config: GatewayConfig, apply: () => Promise<T>): Promise<T> {
    const settings = await readAdminSettings(config, this.#terminal);
    const before = this.#server;
    const isSame = settings?.host === this.#settings?.host && settings?.port === this.#settings?.port;
    const next =
      isSame || settings === undefined ? undefined : await ControlServer.open(settings, this.#state, this.#log);
    let result: T;
    try {
      result = await apply();
    } catch (error) {
      await next?.close();
      throw error;
    }
    this.#settings = settings;
    if (isSame) {
      if (settings !== undefined) before?.follow(settings);
      return result;
    }
    this.#server = next;
    if (next !== undefined)
      this.#log.info({ url: next.url, hasToken: settings?.token !== undefined }, 'control address open');
    if (before !== undefined) {
      this.#log.info({ url: before.url }, 'control address closed');
      await before.close();
    }
    return result;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.close();
  }
}
