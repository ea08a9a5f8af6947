import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { chooseClose } from './close-choice.js';
import { configuration } from './configuration.js';
import { kindOf, type Load, planConversation } from './conversation-plan.js';
import { GatewayProcess } from './gateway-process.js';
import { LoadDriver, type LoadOptions, type Totals } from './load.js';
import { LogLedger } from './log-ledger.js';
import { MessageContent } from './message-content.js';
import type { SoakOptions } from './options.js';
import type { SoakReport } from './report.js';
import { compareResources, type Holding, isQuiet, lookAt } from './resources.js';
import { Violations } from './violations.js';
import { World } from './world.js';

/** What a conversation may take until its ending, and from the first sign of an end until it is closed. */
const PATIENCE_MS = 45_000;
const SETTLE_MS = 15_000;
/** How long the gateway may take to let go of everything once nobody is there. */
const QUIET_MS = 25_000;
const LOOK_MS = 500;
/** How the time of load is divided. */
const SHARES = { warmUp: 0.25, storm: 0.5, churn: 0.25 } as const;
/** A configuration is put in force this often; every second one is equal to the one before. */
const RELOAD_MS = 400;
const PROGRESS_MS = 5000;
/** One of so many conversations talks through a whole phase. */
const STEADY_SHARE = 5;
/** In how many seconds the mixed load is complete. */
const RAMP_SECONDS = 3;

/** Where the built parts of the soak are, where progress goes, and what ends it early. */
export interface SoakSurroundings {
  readonly probe: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Runs one soak from start to end. Leaves no process and no file behind. @throws Error when it could not be run. */
export async function soak(options: SoakOptions, surroundings: SoakSurroundings): Promise<SoakReport> {
  const folder = await mkdtemp(join(tmpdir(), 'ocelot-soak-'));
  const run = new SoakRun(options, surroundings, join(folder, 'ocelot.json'));
  try {
    await run.start();
    return await run.phases();
  } finally {
    await run.close();
    await rm(folder, { recursive: true, force: true });
  }
}

class SoakRun {
  readonly #options: SoakOptions;
  readonly #surroundings: SoakSurroundings;
  readonly #file: string;
  readonly #violations: Violations;
  readonly #ledger: LogLedger;
  readonly #world = new World();
  readonly #totals: Totals = { started: 0, finished: 0, messages: 0, statuses: {} };
  readonly #beginMs = performance.now();
  #gateway: GatewayProcess | undefined;
  #drivers: Readonly<Record<Load, LoadDriver>> | undefined;
  #progress: NodeJS.Timeout | undefined;
  #phase = 'start';
  #reloads = 0;
  #isStopping = false;

  constructor(options: SoakOptions, surroundings: SoakSurroundings, file: string) {
    this.#options = options;
    this.#surroundings = surroundings;
    this.#file = file;
    this.#violations = new Violations(surroundings.say);
    // Only opaque sessions, and those that end by an empty Close, end without a code.
    this.#ledger = new LogLedger(this.#violations, (id) => {
      const { mode } = planConversation(options.seed, kindOf(id), id);
      return mode === 'opaque' || chooseClose(id).code === undefined;
    });
  }

  async start(): Promise<void> {
    const { bin, seed, only } = this.#options;
    const { probe, say } = this.#surroundings;
    await this.#world.open();
    await this.#configure(0);
    const log = (line: string): void => this.#ledger.take(line);
    const gateway = await GatewayProcess.start({ bin, probe, file: this.#file, log });
    this.#gateway = gateway;
    void gateway.ended.then((code) => {
      if (!this.#isStopping) this.#violations.add('crash', `the gateway ended by itself with ${code}`);
    });
    await this.#world.openFront(gateway.port);
    const stage = {
      seed,
      content: new MessageContent(seed),
      violations: this.#violations,
      ports: { gateway: gateway.port, front: this.#world.frontPort },
      patienceMs: PATIENCE_MS,
      settleMs: SETTLE_MS,
    };
    const context = { stage, world: this.#world, ledger: this.#ledger, totals: this.#totals, only };
    this.#drivers = {
      mixed: new LoadDriver('mixed', context),
      steady: new LoadDriver('steady', context),
      churn: new LoadDriver('churn', context),
    };
    this.#progress = setInterval(() => say(this.#describeProgress()), PROGRESS_MS);
  }

  async phases(): Promise<SoakReport> {
    const { connections, churnRate, seed } = this.#options;
    const steady = Math.ceil(connections / STEADY_SHARE);
    const mixed: LoadOptions = { connections: connections - steady, ratePerSecond: connections / RAMP_SECONDS };
    const together = { mixed, steady: { connections: steady, ratePerSecond: steady } };
    const idle = await this.#quiet('the start');
    // Caches, compiled code and pools grow once; from the second look on nothing may.
    await this.#during('warmUp', together);
    const warm = await this.#quiet('the warm-up');
    await this.#during('storm', together);
    const afterStorm = await this.#quiet('the storm');
    const { finished } = this.#totals;
    const churnBeginMs = performance.now();
    await this.#during('churn', { churn: { connections, ratePerSecond: churnRate } });
    const churnPerSecond = Math.round(((this.#totals.finished - finished) * 1000) / (performance.now() - churnBeginMs));
    const end = await this.#quiet('the churn');
    compareResources({ idle, warm, afterStorm, end }, this.#violations);
    await this.#stop();
    const { total, counts, kept } = this.#violations;
    return {
      seed,
      seconds: this.#seconds,
      connections,
      totals: this.#totals,
      churnPerSecond,
      reloads: this.#reloads,
      faults: this.#world.faults,
      codes: this.#ledger.codes,
      holdings: { idle, warm, afterStorm, end },
      violations: { total, counts, kept },
    };
  }

  /** Ends whatever still goes. Idempotent. */
  async close(): Promise<void> {
    clearInterval(this.#progress);
    this.#isStopping = true;
    this.#gateway?.kill();
    await this.#world.close();
  }

  get #running(): GatewayProcess {
    if (this.#gateway === undefined) throw new Error('the gateway was not started');
    return this.#gateway;
  }
  get #seconds(): number {
    return Math.round((performance.now() - this.#beginMs) / 1000);
  }

  /** Lets loads run together for the phase's share of the time, then waits for the last of their conversations. */
  async #during(name: keyof typeof SHARES, loads: Partial<Record<Load, LoadOptions>>): Promise<void> {
    this.#phase = name;
    const endMs = performance.now() + this.#options.loadMs * SHARES[name];
    const { signal } = this.#surroundings;
    const isOver = (): boolean => performance.now() >= endMs || !this.#running.isRunning || signal.aborted;
    const running: Promise<void>[] = name === 'churn' ? [] : [this.#reloadUntil(isOver)];
    for (const kind of ['mixed', 'steady', 'churn'] as const) {
      const load = loads[kind];
      const driver = this.#drivers?.[kind];
      if (load !== undefined && driver !== undefined) running.push(driver.run(load, isOver));
    }
    await Promise.all(running);
  }

  async #reloadUntil(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.#configure(Math.floor(this.#reloads / 2));
      this.#running.reload();
      this.#reloads += 1;
      await sleep(RELOAD_MS);
    }
  }

  async #configure(change: number): Promise<void> {
    const ports = { direct: this.#world.backendPort, relayed: this.#world.backPort };
    // In one step: a reload must not find half a file, and an empty one is a configuration without routes.
    const written = `${this.#file}.new`;
    await writeFile(written, JSON.stringify(configuration(ports, change)));
    await rename(written, this.#file);
  }

  /** Waits until the gateway holds nothing of any connection, and says what it holds then. */
  async #quiet(after: string): Promise<Holding> {
    this.#phase = 'quiet';
    const endMs = performance.now() + QUIET_MS;
    let holding = await lookAt(this.#running);
    while (!isQuiet(holding) && performance.now() < endMs) {
      await sleep(LOOK_MS);
      holding = await lookAt(this.#running);
    }
    if (!isQuiet(holding)) this.#violations.add('leak', `after ${after} the gateway holds ${JSON.stringify(holding)}`);
    return holding;
  }

  async #stop(): Promise<void> {
    this.#isStopping = true;
    const code = await this.#running.stop();
    if (code !== 0) this.#violations.add('crash', `SIGTERM ended the gateway with ${code} instead of 0`);
    this.#ledger.close();
  }

  #describeProgress(): string {
    const open = Object.values(this.#drivers ?? {}).reduce((sum, driver) => sum + driver.open, 0);
    return (
      `${String(this.#seconds).padStart(5)} s  ${this.#phase.padEnd(6)}  open ${open}, ` +
      `finished ${this.#totals.finished}, messages ${this.#totals.messages}, reloads ${this.#reloads}, ` +
      `violations ${this.#violations.total}`
    );
  }
}
