import type { GatewayConfig } from '../config/gateway-config.js';
import type { Clock } from '../contracts/clock.js';
import type { Logger } from '../contracts/logger.js';
import type { ConfigurationHook } from '../contracts/plugin.js';
import { ConfigError } from '../errors/config-error.js';
import { GatewayError } from '../errors/gateway-error.js';

/** Longest time for one plugin to prepare a configuration: files, libraries, keys of an issuer. */
const PREPARE_LIMIT_MS = 30_000;

interface NamedHook {
  readonly plugin: string;
  readonly hook: ConfigurationHook;
}

/** What {@link ConfigurationHooks} works with. */
export interface HookContext {
  readonly clock: Clock;
  readonly log: Logger;
}

/** A configuration that every hook prepared. */
export interface PreparedConfiguration {
  /** It is in force. Call it once, or never. */
  applied(): void;
  /** It is not in force any more, or never was. Idempotent. */
  released(): void;
}

/** Tells plugins of the configurations of one gateway, in the order of registration. */
export class ConfigurationHooks {
  readonly #hooks: readonly NamedHook[];
  readonly #context: HookContext;
  /** Ends the wait for the plugin that prepares now. */
  #giveUp: ((error: Error) => void) | undefined;
  #isEnded = false;

  /** @param hooks May still grow until the first configuration. */
  constructor(hooks: readonly NamedHook[], context: HookContext) {
    this.#hooks = hooks;
    this.#context = context;
  }

  /**
   * Has every plugin prepare a configuration, one after the other.
   * @throws ConfigError naming the plugin that cannot use it, or was not ready in time; those before it are told that it
   *   is released. GatewayError DRAINING after {@link ConfigurationHooks.end}.
   */
  async prepare(config: GatewayConfig): Promise<PreparedConfiguration> {
    const prepared: NamedHook[] = [];
    let isReleased = false;
    const released = (): void => {
      if (isReleased) return;
      isReleased = true;
      for (const named of prepared.toReversed()) this.#tell(named, 'released', config);
    };
    try {
      for (const named of this.#hooks) {
        if (this.#isEnded) throw new GatewayError('OCELOT_ERR_DRAINING');
        const work = this.#prepare(named, config);
        // Without a promise there is nothing to wait for: a start without such plugins stays as quick as it was.
        if (work !== undefined) await work;
        prepared.push(named);
      }
    } catch (error) {
      released();
      throw error;
    }
    return {
      applied: () => {
        for (const named of prepared) this.#tell(named, 'applied', config);
      },
      released,
    };
  }

  /** Nothing is prepared any more: a gateway that drains waits for no plugin. */
  end(): void {
    this.#isEnded = true;
    this.#giveUp?.(new GatewayError('OCELOT_ERR_DRAINING'));
  }

  #prepare(named: NamedHook, config: GatewayConfig): Promise<void> | undefined {
    const { plugin, hook } = named;
    try {
      const work = hook.prepare?.(config);
      return work === undefined ? undefined : this.#within(named, work, config);
    } catch (error) {
      throw asConfigError(plugin, error);
    }
  }

  /** A plugin that is ready too late is told that its configuration was released. */
  #within(named: NamedHook, work: Promise<void>, config: GatewayConfig): Promise<void> {
    return new Promise((resolve, reject) => {
      let isLate = false;
      const late = this.#context.clock.setTimer(PREPARE_LIMIT_MS, () =>
        giveUp(asConfigError(named.plugin, new Error(`it was not ready within ${PREPARE_LIMIT_MS} ms`))),
      );
      const over = (): void => {
        late.clear();
        this.#giveUp = undefined;
      };
      const giveUp = (error: Error): void => {
        isLate = true;
        over();
        reject(error);
      };
      this.#giveUp = giveUp;
      work.then(
        () => {
          if (isLate) this.#tell(named, 'released', config);
          else over();
          resolve();
        },
        (error: unknown) => {
          if (isLate) this.#context.log.warn({ plugin: named.plugin, err: error }, 'a plugin failed after its time');
          else over();
          reject(asConfigError(named.plugin, error));
        },
      );
    });
  }

  #tell({ plugin, hook }: NamedHook, what: 'applied' | 'released', config: GatewayConfig): void {
    try {
      hook[what]?.(config);
    } catch (error) {
      this.#context.log.error({ plugin, err: error }, `a plugin failed when a configuration was ${what}`);
    }
  }
}

function asConfigError(plugin: string, error: unknown): ConfigError {
  if (error instanceof ConfigError) return error;
  const issue = {
    severity: 'error' as const,
    kind: 'PluginFailed',
    source: `plugin ${plugin}`,
    message: `it cannot use the configuration: ${error instanceof Error ? error.message : String(error)}`,
  };
  return Object.assign(new ConfigError([issue]), { cause: error });
}
