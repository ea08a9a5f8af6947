import type { Side } from './conformance-case.js';
import type { CloseManners } from './strict-peer.js';
import type { EndScenario } from './truth-table/end-scenario.js';
import { PATIENT, WALKED } from './truth-table/route-manners.js';

/** What one side does, as YARP's tests of blame name it (`WebSocketsTelemetryTests.cs`). */
export type Behaviour =
  | 'sends Close, waits'
  | 'sends Close, cuts'
  | 'waits for Close, answers'
  | 'waits for Close, cuts'
  | 'cuts';

const BEHAVIOURS: readonly Behaviour[] = [
  'sends Close, waits',
  'sends Close, cuts',
  'waits for Close, answers',
  'waits for Close, cuts',
  'cuts',
];

/** Who goes first where both sides act by themselves; `both` is a race that either may win. */
export type First = Side | 'both';

/** One combination, and whom the log has to blame. */
export interface BlameCase {
  readonly client: Behaviour;
  readonly backend: Behaviour;
  readonly first: First;
  readonly scenario: EndScenario;
}

/** What a side does once the other's Close, or the gateway's, comes. */
const REACTIONS: Readonly<Record<Behaviour, CloseManners>> = {
  'sends Close, waits': 'answer',
  'sends Close, cuts': 'answer-and-cut',
  'waits for Close, answers': 'answer',
  'waits for Close, cuts': 'cut',
  cuts: 'cut',
};

const isWaiting = (behaviour: Behaviour): boolean => behaviour.startsWith('waits');

/** The 21 combinations in which somebody does something, and where both do, every order. */
export const BLAME_CASES: readonly BlameCase[] = BEHAVIOURS.flatMap((client) =>
  BEHAVIOURS.flatMap((backend) => orders(client, backend).map((first) => blameCase(client, backend, first))),
);

function orders(client: Behaviour, backend: Behaviour): readonly First[] {
  if (isWaiting(client)) return isWaiting(backend) ? [] : ['backend'];
  return isWaiting(backend) ? ['client'] : ['client', 'backend', 'both'];
}

function blameCase(client: Behaviour, backend: Behaviour, first: First): BlameCase {
  const scenario: EndScenario = {
    event: 'blame',
    what: `client ${client}; backend ${backend}; first: ${first}`,
    modes: WALKED,
    gateway: PATIENT,
    within: 'at once',
    onClose: { client: REACTIONS[client], backend: REACTIONS[backend] },
    act: (ends) => {
      for (const [side, behaviour] of [
        ['client', client],
        ['backend', backend],
      ] as const) {
        if (first !== side && first !== 'both') continue;
        if (behaviour !== 'cuts') ends[side].close(CODES[side]);
        if (behaviour.endsWith('cuts')) ends[side].cut();
      }
    },
  };
  return { client, backend, first, scenario };
}

/** Each side has a code of its own, so that a line tells whose it holds. */
const CODES: Readonly<Record<Side, number>> = { client: 4001, backend: 4002 };

/** The lines of the log that are right: the first event decides. */
export function rightLines({ client, backend, first }: BlameCase): readonly string[] {
  const of = (side: Side): string => blameOf(side, side === 'client' ? client : backend);
  return first === 'both' ? [of('client'), of('backend')] : [of(first)];
}

function blameOf(side: Side, behaviour: Behaviour): string {
  const lost = side === 'client' ? 'OCELOT_ERR_CLIENT_GONE' : 'OCELOT_ERR_BACKEND_LOST';
  return behaviour === 'cuts' ? blameLine(side, undefined, lost) : blameLine(side, CODES[side], undefined);
}

/** The part of a log line that blames, as text that can be compared. */
export function blameLine(closedBy: unknown, closeCode: unknown, code: unknown): string {
  return JSON.stringify({ closedBy, closeCode, code });
}
