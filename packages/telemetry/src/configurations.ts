import type { GatewayConfig, GatewayRequest, PluginHost, Route } from '@ocelot/core';

import type { MetricBook } from './metrics/metric-book.js';
import type { RouteView } from './observation.js';
import type { Observatory } from './observatory.js';
import type { Pipeline } from './pipeline.js';
import { type RouteNames, routeNames } from './settings/route-names.js';
import {
  brokenVariables,
  processSettings,
  type RouteSettings,
  routeSettings,
  type TelemetryDefaults,
} from './settings/telemetry-settings.js';
import type { TelemetryOptions } from './telemetry-options.js';
import { trustedParents } from './trusted-parents.js';

/** What configurations are followed with. */
export interface ConfigurationsInit {
  readonly options: TelemetryOptions;
  readonly host: PluginHost;
  readonly book: MetricBook;
  readonly observatory: Observatory;
  readonly env: NodeJS.ProcessEnv;
}

/** A pipeline and how many configurations use it: a reload that changes routes only keeps it. */
interface Shared {
  readonly key: string;
  readonly pipeline: Pipeline;
  uses: number;
}

interface Prepared {
  readonly shared: Shared;
  readonly names: RouteNames;
  readonly maxSeries: number;
  readonly isTrusted: (request: GatewayRequest, settings: RouteSettings) => boolean;
}

/** Opens and closes what each configuration asks for. Owned by the plugin. */
export class Configurations {
  readonly #init: ConfigurationsInit;
  readonly #defaults: TelemetryDefaults;
  /** Only those that ask for something. */
  readonly #prepared = new Map<GatewayConfig, Prepared>();
  readonly #closing = new Set<Promise<void>>();
  #current: Prepared | undefined;

  constructor(init: ConfigurationsInit) {
    this.#init = init;
    const { tracerProvider, meterProvider } = init.options;
    this.#defaults = { isTraced: tracerProvider !== undefined, isCounted: meterProvider !== undefined };
  }

  /** Makes the text of Prometheus; undefined while the configuration in force does not ask for it. */
  get scrape(): (() => Promise<string>) | undefined {
    return this.#current?.shared.pipeline.scrape;
  }

  /** Whether any configuration that is not released asks for anything. */
  get isWanted(): boolean {
    return this.#prepared.size > 0;
  }

  /**
   * Opens what the configuration needs, if anything.
   * @throws ConfigError when that cannot be done.
   */
  async prepare(config: GatewayConfig): Promise<void> {
    const wanted = this.#wanted(config);
    if (!wanted.isTraced && !wanted.isCounted) return;
    const settings = processSettings(config, this.#init.env);
    if (settings.isPrometheus && !settings.hasAdmin) {
      const source = 'GlobalConfiguration/Gateway/Telemetry/Prometheus';
      const hint = 'Set GlobalConfiguration.Gateway.Admin.Port, or serve Gateway.controls yourself.';
      this.#init.host.log.warn(
        { source, hint },
        'Prometheus is on, but there is no control address to ask for /metrics',
      );
    }
    // Their values stay out of the log: they may hold a password.
    const variables = settings.otlp.isFromEnvironment ? brokenVariables(this.#init.env) : [];
    if (variables.length > 0 && this.#init.host.isTrial !== true)
      this.#init.host.log.warn({ variables }, 'these variables name no http or https address of a collector');
    const shared = await this.#share(JSON.stringify([settings, wanted]), settings, wanted);
    shared.uses += 1;
    const [names, isTrusted] = [routeNames(config), trustedParents(config)];
    this.#prepared.set(config, { shared, names, isTrusted, maxSeries: settings.maxSeries });
  }

  applied(config: GatewayConfig): void {
    const { book, observatory } = this.#init;
    this.#current = this.#prepared.get(config);
    if (this.#current === undefined) return observatory.applied(config, undefined);
    const { names, isTrusted, maxSeries, shared } = this.#current;
    book.maxSeries = maxSeries;
    const settings = routeSettings(undefined, config, this.#defaults);
    const tracing = settings.isTraced ? shared.pipeline.tracing : undefined;
    observatory.applied(config, { names, isTrusted, unmatched: { label: '', template: '', settings, tracing } });
  }

  released(config: GatewayConfig): void {
    const prepared = this.#prepared.get(config);
    if (prepared === undefined) return;
    this.#prepared.delete(config);
    if (this.#current === prepared) this.#current = undefined;
    prepared.shared.uses -= 1;
    if (prepared.shared.uses > 0) return;
    const closing = prepared.shared.pipeline.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  /** What is done for a route; undefined: nothing. */
  view(route: Route, config: GatewayConfig): RouteView | undefined {
    const prepared = this.#prepared.get(config);
    if (prepared === undefined) return undefined;
    const settings = routeSettings(route, config, this.#defaults);
    if (!settings.isTraced && !settings.isCounted) return undefined;
    return {
      label: prepared.names.labelOf(route.id),
      template: prepared.names.templateOf(route),
      settings,
      tracing: settings.isTraced ? prepared.shared.pipeline.tracing : undefined,
    };
  }

  /** Whose trace a route of the configuration continues. */
  trustOf(config: GatewayConfig): Prepared['isTrusted'] {
    return this.#prepared.get(config)?.isTrusted ?? (() => false);
  }

  /** Closes what is left, and waits for what is being closed. */
  async close(): Promise<void> {
    for (const config of this.#prepared.keys()) this.released(config);
    await Promise.all(this.#closing);
  }

  #wanted(config: GatewayConfig): TelemetryDefaults {
    const dynamic = config.dynamic === undefined ? [] : [...config.dynamic.entries, config.dynamic.fallback];
    const all = [undefined, ...config.routes, ...dynamic].map((route) => routeSettings(route, config, this.#defaults));
    return {
      isTraced: all.some(({ isTraced }) => isTraced),
      isCounted: all.some(({ isCounted }) => isCounted),
    };
  }

  async #share(key: string, settings: ReturnType<typeof processSettings>, wanted: TelemetryDefaults): Promise<Shared> {
    for (const { shared } of this.#prepared.values()) if (shared.key === key) return shared;
    const { options, host, book, observatory, env } = this.#init;
    // Here OpenTelemetry is loaded, and nowhere else.
    const { openPipeline } = await import('./sdk/open-pipeline.js');
    const pipeline = await openPipeline({
      settings,
      ...wanted,
      tracerProvider: options.tracerProvider,
      meterProvider: options.meterProvider,
      host,
      book,
      transfers: (add) => observatory.transfers(add),
      env,
    });
    return { key, pipeline, uses: 0 };
  }
}
