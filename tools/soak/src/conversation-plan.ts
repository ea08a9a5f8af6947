import { type FaultPlan, randomFaultPlan, type SeededRandom, seededRandom } from '@ocelot/test-support';

import { LEAST_MESSAGE_BYTES } from './message-content.js';

/** How the bytes move through the gateway. */
export const MODES = ['framed', 'opaque', 'messages'] as const;
/** One of {@link MODES}. */
export type Mode = (typeof MODES)[number];

/** What a backend makes of a handshake. */
export const HANDSHAKES = [
  'accepts',
  'accepts late',
  'refuses',
  'answers with a wrong key',
  'answers nonsense',
  'cuts its answer',
  'resets',
  'never answers',
] as const;
/** One of {@link HANDSHAKES}. */
export type Handshake = (typeof HANDSHAKES)[number];

/** How a conversation ends. */
export const ENDINGS = [
  'client closes',
  'backend closes',
  'both close at once',
  'client closes early',
  'backend closes early',
  'client breaks the protocol',
  'backend breaks the protocol',
  'client says too much',
  'client ignores Close',
  'backend ignores Close',
  'client half-closes',
  'backend half-closes',
  'client resets',
  'backend resets',
] as const;
/** One of {@link ENDINGS}. */
export type Ending = (typeof ENDINGS)[number];

/** What one end says. */
export interface Speech {
  readonly messages: number;
  readonly maxBytes: number;
  /** Share of messages that are up to `maxBytes` long; the others have up to 400 bytes. */
  readonly largeShare: number;
  /** Share of messages sent in several frames, with pings in between. */
  readonly fragmentShare: number;
  /** Longest pause between two messages, in milliseconds. */
  readonly pauseMs: number;
  /** Stops reading for so long in the middle, in milliseconds; 0: never. */
  readonly deafMs: number;
}

/** What a client does wrong before there is a connection. */
export type Opening =
  | 'asks'
  | 'asks for nothing known'
  | 'asks wrongly'
  | 'leaves in its request'
  | 'leaves before the answer';

/** Everything about one conversation, decided before it begins. Printed as JSON it can be read by a person. */
export interface ConversationPlan {
  readonly id: number;
  readonly mode: Mode;
  readonly opening: Opening;
  readonly handshake: Handshake;
  /** What the relay between client and gateway does; undefined: there is none. */
  readonly front: FaultPlan | undefined;
  /** What the relay between gateway and backend does; undefined: there is none. */
  readonly back: FaultPlan | undefined;
  readonly client: Speech;
  readonly backend: Speech;
  readonly ending: Ending;
}

/** Kinds of load. */
export type Load = 'mixed' | 'churn' | 'steady';

/** Each kind numbers its conversations from here, so that a number says of which kind it is. */
const FIRST_IDS: Readonly<Record<Load, number>> = { mixed: 1, steady: 10_000_001, churn: 20_000_001 };

/** The number of the first conversation of a kind. */
export function firstId(load: Load): number {
  return FIRST_IDS[load];
}

/** The kind of a conversation, by its number. */
export function kindOf(id: number): Load {
  return id >= FIRST_IDS.churn ? 'churn' : id >= FIRST_IDS.steady ? 'steady' : 'mixed';
}

/** Chooses what conversation `id` of a soak does: the same seed, load and id choose the same. */
export function planConversation(seed: string, load: Load, id: number): ConversationPlan {
  const random = seededRandom(seed).fork(load).fork(id);
  if (load === 'churn') return churnPlan(id, random);
  if (load === 'steady') return steadyPlan(id, random);
  const mode = random.chance(0.7) ? 'framed' : random.pick(['opaque', 'messages'] as const);
  const front = random.chance(0.4) ? legPlan(random) : undefined;
  const back = random.chance(0.4) ? legPlan(random) : undefined;
  return {
    id,
    mode,
    opening: random.chance(0.92)
      ? 'asks'
      : random.pick(['asks for nothing known', 'asks wrongly', 'leaves in its request', 'leaves before the answer']),
    handshake: random.chance(0.88) ? random.pick(['accepts', 'accepts', 'accepts late']) : random.pick(HANDSHAKES),
    front,
    back,
    client: randomSpeech(random),
    backend: randomSpeech(random),
    ending: random.chance(0.55) ? random.pick(['client closes', 'backend closes']) : random.pick(ENDINGS),
  };
}

/** Half of the relayed legs are only slow or cut up, so that their conversations have to come through whole. */
function legPlan(random: SeededRandom): FaultPlan {
  return random.chance(0.5)
    ? randomFaultPlan(random, { faultShare: 0.3, kinds: ['stall'], maxDelayMs: 10, shapeShare: 0.7 })
    : randomFaultPlan(random, { faultShare: 1, maxDelayMs: 10, withinBytes: 40_000 });
}

function randomSpeech(random: SeededRandom): Speech {
  if (random.chance(BULK_SHARE)) return BULK;
  return {
    messages: random.chance(0.1) ? 0 : random.between(1, 24),
    maxBytes: random.chance(0.05) ? 700_000 : random.chance(0.3) ? 70_000 : 2000,
    largeShare: 0.2,
    fragmentShare: random.chance(0.5) ? 0.4 : 0,
    pauseMs: random.pick([0, 5, 40]),
    deafMs: random.chance(0.1) ? random.between(20, 600) : 0,
  };
}

/** More than the buffers of the system hold, said at once: somebody has to wait (S15). */
const BULK: Speech = { messages: 16, maxBytes: 900_000, largeShare: 1, fragmentShare: 0.2, pauseMs: 0, deafMs: 300 };
const BULK_SHARE = 0.06;

const ONE_WORD: Speech = { messages: 1, maxBytes: 100, largeShare: 0, fragmentShare: 0, pauseMs: 0, deafMs: 0 };

function churnPlan(id: number, random: SeededRandom): ConversationPlan {
  return {
    id,
    mode: random.pick(MODES),
    opening: 'asks',
    handshake: 'accepts',
    front: undefined,
    back: undefined,
    client: ONE_WORD,
    backend: ONE_WORD,
    ending: random.pick(['client closes', 'backend closes', 'client resets', 'backend resets', 'both close at once']),
  };
}

/** Talks all the time on an unchanged route while others fail and configurations change (S24). */
function steadyPlan(id: number, random: SeededRandom): ConversationPlan {
  const speech: Speech = {
    messages: 1_000_000,
    maxBytes: 4000,
    largeShare: 0.2,
    fragmentShare: 0.2,
    pauseMs: 2000,
    deafMs: 0,
  };
  return {
    ...churnPlan(id, random),
    client: speech,
    backend: speech,
    ending: random.pick(['client closes', 'backend closes']),
  };
}

const SMALL_BYTES = 400;

/** How long a message is. Drawn by its sender only. */
export function messageBytes(random: SeededRandom, speech: Speech): number {
  const most = random.chance(speech.largeShare) ? speech.maxBytes : Math.min(SMALL_BYTES, speech.maxBytes);
  return random.between(LEAST_MESSAGE_BYTES, Math.max(LEAST_MESSAGE_BYTES, most));
}

/** Whether a relay only slows this leg down, if it does anything. */
export function isWhole(leg: FaultPlan | undefined): boolean {
  return (leg?.faults ?? []).every((fault) => fault.kind === 'stall');
}

/** Whether nothing in the plan excuses a lost message: then every one must arrive, and the Close with its code. */
export function isIntact(plan: ConversationPlan): boolean {
  return (
    plan.opening === 'asks' &&
    plan.handshake.startsWith('accepts') &&
    isWhole(plan.front) &&
    isWhole(plan.back) &&
    (plan.ending === 'client closes' || plan.ending === 'backend closes')
  );
}
