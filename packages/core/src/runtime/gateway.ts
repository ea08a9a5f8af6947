// Hot path: `admit` runs once per request. It reads the snapshot once; what depends only on a route was compiled.
import type { GatewayConfig, GatewaySettings } from '../config/gateway-config.js';
import type { Clock } from '../contracts/clock.js';
import type { Admission, Cancellation } from '../contracts/exchange.js';
import type { DrainOptions, DrainReport, Gateway } from '../contracts/gateway.js';
import type { ControlEndpoint } from '../contracts/control.js';
import type { GatewayGroup } from '../contracts/gateway-group.js';
import type { Logger } from '../contracts/logger.js';
import type { Relay } from '../contracts/relay.js';
import type { GatewayRequest } from '../contracts/request.js';
import type { Route } from '../contracts/route.js';
import type { Session } from '../contracts/session.js';
import type { GatewayEvent } from '../contracts/telemetry.js';
import { GatewayError } from '../errors/gateway-error.js';
import { matchingOrder } from '../routing/route-order.js';
import { Admitter } from './admitter.js';
import { ConfigurationHooks, type PreparedConfiguration } from './configuration-hooks.js';
import { ocelotStatus } from './ocelot-status.js';
import type { PluginRegistry } from './registry.js';
import { SessionSet } from './session-set.js';
import { SnapshotBuilder } from './snapshot-builder.js';
import type { Snapshot } from './snapshot.js';

/** Longest wait for one plugin to close. */
const CLOSE_LIMIT_MS = 5000;

/** What {@link LiveGateway} is made of. */
export interface LiveGatewayInit {
  readonly registry: PluginRegistry;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: () => number;
  readonly startTimeoutMs: number;
  readonly group: GatewayGroup | undefined;
  readonly firstRevision: number;
}

/** The one implementation of Gateway. Owns the snapshot in force, the open sessions and the pools. */
export class LiveGateway implements Gateway {
  readonly log: Logger;
  readonly relays: readonly Relay[];
  readonly #init: LiveGatewayInit;
  readonly #sessions = new SessionSet();
  readonly #builder: SnapshotBuilder;
  readonly #admitter: Admitter;
  readonly #hooks: ConfigurationHooks;
  #snapshot: Snapshot | undefined;
  /** What plugins prepared for the snapshot in force. */
  #prepared: PreparedConfiguration | undefined;
  /** Reloads run one after the other. */
  #reloading: Promise<unknown> = Promise.resolve();
  #draining: Promise<DrainReport> | undefined;

  constructor(init: LiveGatewayInit) {
    this.#init = init;
    this.log = init.log;
    this.relays = init.registry.relays;
    this.#builder = new SnapshotBuilder(init);
    this.#hooks = new ConfigurationHooks(init.registry.hooks, init);
    this.#admitter = new Admitter(init.log, init.clock, init.random);
  }

  get routes(): readonly Route[] {
    return this.#snapshot === undefined ? [] : matchingOrder(this.#snapshot.config.routes);
  }

  get isDynamic(): boolean {
    return this.#snapshot?.config.dynamic !== undefined;
  }

  get revision(): number {
    return this.#snapshot?.revision ?? 0;
  }

  get settings(): GatewaySettings {
    // createGateway hands the gateway out once the first configuration is in force.
    if (this.#snapshot === undefined) throw new Error('The gateway has no configuration yet.');
    return this.#snapshot.config.settings;
  }

  get controls(): readonly ControlEndpoint[] {
    return this.#init.registry.controls;
  }

  get isDraining(): boolean {
    return this.#draining !== undefined;
  }

  get openSessions(): number {
    return this.#sessions.size;
  }

  async admit<R extends GatewayRequest>(request: R, signal: Cancellation): Promise<Admission<R>> {
    const snapshot = this.#snapshot;
    if (this.#draining !== undefined || snapshot === undefined) {
      throw this.#admitter.refusal(new GatewayError('OCELOT_ERR_DRAINING'), request, snapshot);
    }
    const admission = await this.#admitter.admit(snapshot, request, signal);
    admission.defer(this.#sessions.admit());
    return admission;
  }

  statusOf(error: GatewayError): number {
    return this.#snapshot?.config.settings.ocelotStatusCodes === true ? ocelotStatus(error) : error.status;
  }

  adopt(session: Session): void {
    this.#sessions.adopt(session);
  }

  record(event: GatewayEvent): void {
    this.#init.registry.record(event);
  }

  reload(config: GatewayConfig): Promise<{ readonly revision: number }> {
    const turn = this.#reloading.then(() => this.#reload(config));
    this.#reloading = turn.catch(() => undefined); // The caller of `reload` gets the error; the queue goes on.
    return turn;
  }

  drain(options: DrainOptions = {}): Promise<DrainReport> {
    this.#hooks.end();
    this.#draining ??= this.#drain(options);
    return this.#draining;
  }

  async #reload(config: GatewayConfig): Promise<{ readonly revision: number }> {
    const before = this.#snapshot;
    if (before !== undefined && JSON.stringify(before.config) === JSON.stringify(config)) {
      return { revision: before.revision };
    }
    const revision = before === undefined ? this.#init.firstRevision : before.revision + 1;
    let next: Snapshot;
    let prepared: PreparedConfiguration | undefined;
    try {
      if (this.#draining !== undefined) throw new GatewayError('OCELOT_ERR_DRAINING');
      prepared = await this.#hooks.prepare(config);
      next = await this.#builder.build(revision, config);
    } catch (error) {
      prepared?.released();
      const cause = error instanceof Error ? error : new Error(String(error));
      this.record({ type: 'config.rejected', revision, error: cause });
      throw error;
    }
    this.#snapshot = next;
    before?.release();
    this.#builder.sweep();
    prepared.applied();
    this.#prepared?.released();
    this.#prepared = prepared;
    if (before !== undefined && config.settings.closeOnRouteRemoval) this.#closeRemoved(next);
    this.log.info({ revision, routes: config.routes.length }, 'configuration applied');
    this.record({ type: 'config.applied', revision, routes: config.routes.length });
    return { revision };
  }

  #closeRemoved(snapshot: Snapshot): void {
    const kept = new Set(snapshot.config.routes.map((route) => route.id));
    const { closeCode } = snapshot.config.settings.drain;
    this.#sessions.drainWhere(({ route }) => !kept.has(route.id), closeCode, 'route removed');
  }

  async #drain(options: DrainOptions): Promise<DrainReport> {
    const { clock, registry } = this.#init;
    const started = clock.now();
    await this.#reloading;
    const defaults = this.#snapshot?.config.settings.drain;
    this.record({ type: 'drain.started', sessions: this.openSessions });
    const drained = await this.#sessions.drain({
      deadlineMs: options.deadlineMs ?? defaults?.deadlineMs ?? 0,
      spreadMs: options.spreadMs ?? defaults?.spreadMs ?? 0,
      code: options.closeCode ?? defaults?.closeCode ?? 1012,
      reason: 'gateway restarts',
      clock,
    });
    this.#snapshot?.release();
    this.#builder.sweep();
    this.#prepared?.released();
    await this.#builder.closed();
    for (const { plugin, close } of registry.closers.toReversed()) await this.#closePlugin(plugin, close);
    const report = { ...drained, durationMs: clock.now() - started };
    this.log.info(report, 'drained');
    this.record({ type: 'drain.finished', report });
    return report;
  }

  #closePlugin(plugin: string, close: () => void | Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const late = this.#init.clock.setTimer(CLOSE_LIMIT_MS, () => {
        this.log.warn({ plugin, limitMs: CLOSE_LIMIT_MS }, 'a plugin did not close in time');
        resolve();
      });
      Promise.resolve()
        .then(close)
        .catch((error: unknown) => this.log.error({ plugin, err: error }, 'a plugin failed to close'))
        .finally(() => {
          late.clear();
          resolve();
        });
    });
  }
}
