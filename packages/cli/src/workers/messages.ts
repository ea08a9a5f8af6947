// What the primary process and its workers say to each other: plain JSON over Node's IPC channel, in order each way.
import type { ConnectionClaim, ControlAnswer, GatewayConfig } from '@ocelot/core';

import type { ControlCall, ControlQuestion } from '../control/control-desk.js';
import type { LogOptions } from '../log.js';
import type { Note } from './gathered-notes.js';
import type { WorkerFailure } from './worker-failure.js';

/** Everything a worker needs to become a gateway. */
export interface Assignment {
  /** From 1: what its log lines carry, also after a replacement. */
  readonly worker: number;
  /** How many workers there are. */
  readonly workers: number;
  readonly host: string;
  readonly port: number;
  readonly socketMode: number | undefined;
  /** Whether the worker opens the port by itself; else the primary accepts and hands sockets over. */
  readonly reusePort: boolean;
  /** Where relative paths of plugins begin. */
  readonly cwd: string;
  readonly configModule: string | undefined;
  readonly plugin: readonly string[] | undefined;
  readonly requireDiscovery: boolean;
  readonly log: Pick<LogOptions, 'format' | 'level'>;
  readonly config: GatewayConfig;
  readonly revision: number;
  /** In base64; all workers make the same keys of it, so that each can resume a TLS session of another. */
  readonly ticketSecret: string;
  /** In base64: `GatewayMember.secret`. */
  readonly groupSecret: string;
  /** Control calls of the past that changed something, in order. */
  readonly told: readonly ControlQuestion[];
}

/** Leases of one endpoint of one pool, by the name that the pool has in every worker. */
export type Load = readonly [name: string, leases: number];

/** Primary → worker. */
export type ToWorker =
  | ({ readonly type: 'assign' } & Assignment)
  | { readonly type: 'reload'; readonly config: GatewayConfig }
  | { readonly type: 'stop'; readonly cause: string }
  | { readonly type: 'granted'; readonly id: number }
  | { readonly type: 'refused'; readonly id: number; readonly limit: 'route' | 'address'; readonly open: number }
  /** Asks for a sign of life. */
  | { readonly type: 'ping' }
  /** What the others hold; entries not named are as they were. */
  | { readonly type: 'foreignLoads'; readonly loads: readonly Load[] }
  /** What policies of the others learned. */
  | { readonly type: 'foreignNotes'; readonly notes: readonly Note[] }
  /** A call of the control address. */
  | { readonly type: 'control'; readonly id: number; readonly question: ControlQuestion }
  /** Make one answer of those of all workers. */
  | {
      readonly type: 'mergeControl';
      readonly id: number;
      readonly call: Pick<ControlQuestion, 'method' | 'template'>;
      readonly answers: readonly ControlAnswer[];
    };

/** Worker → primary. */
export type FromWorker =
  /** Listens to messages now. */
  | { readonly type: 'hello' }
  | { readonly type: 'pong' }
  | {
      readonly type: 'accepting';
      readonly url: string;
      readonly revision: number;
      readonly controls: readonly ControlCall[];
    }
  /** Cannot start; ends by itself. */
  | { readonly type: 'failed'; readonly failure: WorkerFailure }
  | { readonly type: 'reloaded'; readonly revision: number }
  | { readonly type: 'rejected'; readonly failure: WorkerFailure }
  /** Everything is closed; ends by itself. */
  | { readonly type: 'stopped'; readonly clean: number; readonly killed: number; readonly unfinished: number }
  | { readonly type: 'claim'; readonly id: number; readonly claim: ConnectionClaim }
  | { readonly type: 'release'; readonly id: number }
  /** What this worker holds; entries not named are as they were. */
  | { readonly type: 'ownLoads'; readonly loads: readonly Load[] }
  /** What policies of this worker learned. */
  | { readonly type: 'ownNotes'; readonly notes: readonly Note[] }
  | { readonly type: 'controlAnswer'; readonly id: number; readonly answer: ControlAnswer };
