import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** What a soak is told. */
export interface SoakOptions {
  /** How long there is load, in milliseconds: the time asked for without what the ends of the phases take. */
  readonly loadMs: number;
  readonly seed: string;
  /** Conversations at the same time. */
  readonly connections: number;
  /** Connections a second in the churn phase. */
  readonly churnRate: number;
  /** When not empty, only these conversations are played. */
  readonly only: ReadonlySet<number>;
  /** The built command. */
  readonly bin: string;
  readonly json: boolean;
}

/** The help text. */
export const USAGE = `npm run soak -- [--minutes N | --seconds N] [--seed S] [--connections N] [--churn N]
                [--only ID[,ID…]] [--cli FILE] [--json]

  --minutes, --seconds  how long it takes in all, more or less (default: 1 minute)
  --seed                any text; the same seed plans the same conversations (default: chosen, and printed)
  --connections         conversations at the same time (default: 600)
  --churn               connections a second in the churn phase (default: 1000)
  --only                plays only these conversations, by the numbers that a report names
  --cli                 the built command to soak (default: packages/cli/dist/bin.js)
  --json                the report as JSON on standard output; progress goes to standard error
`;

/** The built command of this repository; this file runs from tools/soak/dist. */
const BIN = fileURLToPath(new URL('../../../packages/cli/dist/bin.js', import.meta.url));

/** After each of three phases the slowest conversations end, and the gateway lets go of them. */
const ENDS_MS = 24_000;
const LEAST_LOAD_SHARE = 0.4;

/** Reads the command line. @throws Error with a message for the person who typed it. */
export function readOptions(argv: readonly string[]): SoakOptions | 'help' {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: text,
      seconds: text,
      seed: text,
      connections: text,
      churn: text,
      only: text,
      cli: text,
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const bin = values.cli ?? BIN;
  if (!existsSync(bin)) throw new Error(`${bin} is not there: build first (npm run build), or name it with --cli`);
  const seconds =
    values.seconds === undefined ? 60 * number('minutes', values.minutes ?? '1') : number('seconds', values.seconds);
  return {
    loadMs: Math.max(seconds * 1000 - ENDS_MS, seconds * 1000 * LEAST_LOAD_SHARE),
    seed: values.seed ?? Math.random().toString(36).slice(2, 10),
    connections: number('connections', values.connections ?? '600'),
    churnRate: number('churn', values.churn ?? '1000'),
    only: new Set(
      (values.only ?? '')
        .split(',')
        .filter(Boolean)
        .map((id) => number('only', id)),
    ),
    bin,
    json: values.json,
  };
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} is a number above 0, not "${text}"`);
  return value;
}
