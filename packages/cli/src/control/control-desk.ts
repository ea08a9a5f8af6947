import type { ControlAnswer, ControlEndpoint } from '@ocelot/core';

/** One call of the list that the control address shows. */
export type ControlCall = Pick<ControlEndpoint, 'method' | 'path' | 'description' | 'isMomentary'>;

/** What is asked of a call: plain data, so that it can go to another process. */
export interface ControlQuestion {
  readonly method: ControlEndpoint['method'];
  /** Names the call together with the method: its path as it was registered. */
  readonly template: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  /** Without `?`. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What came of it. */
export interface ControlOutcome {
  readonly answer: ControlAnswer;
  /** Workers whose share the answer lacks, by their numbers. */
  readonly missing: readonly number[];
}

/** Who answers the calls of plugins: the gateway of this process, or all workers together. */
export interface ControlDesk {
  readonly calls: readonly ControlCall[];
  /** Whether anybody serves clients. */
  readonly isServing: boolean;
  /** Never rejected. */
  ask(question: ControlQuestion): Promise<ControlOutcome>;
}
