// Hot path: `forward` runs once per chunk; FrameScanner walks its frames. Nothing is allocated, copied or unmasked for
// data. Everything below `#end` runs once or twice in the life of a session.

import { type Direction, ERROR_CATALOGUE, type ErrorCode, type Side, type TransferCount } from '@ocelot/core';

import { type CloseRule, closeRule, type EndEvent, type GatewayEnd } from '../close-table.js';
import type { CloseFault, CloseStatus } from '../frames/close-codes.js';
import { FrameScanner } from '../frames/frame-scanner.js';
import type { Boundary } from '../frames/scan-sink.js';
import { headerRules } from './choose-rules.js';
import { frameLimits } from '../frames/frame-limits.js';
import { frameInspector } from './frame-observers.js';
import { type FramedEvents, FramedLink } from './framed-link.js';
import { FramedSide } from './framed-side.js';
import { LegPing } from './leg-ping.js';
import type { LegReceiver } from './leg.js';
import type { Sender } from './passage.js';
import {
  directionFrom,
  type Fault,
  otherSide,
  senderOf,
  type Transfer,
  type TransferHost,
  type TransferInit,
} from './transfer.js';

/** How long a drain waits for the end of a message before it takes the end of a frame. */
const MESSAGE_WAIT_MS = 1000;

/**
 * The default transfer: walks the frames that pass and knows, for each side, whether a Close frame came and went. It
 * carries every end of one side to the other (`close-table.ts`) and puts its own Close frames only at frame boundaries.
 */
export class FramedTransfer implements Transfer, FramedEvents {
  readonly #sides: Readonly<Record<Side, FramedSide>>;
  readonly #host: TransferHost;
  readonly #init: TransferInit;
  #hasEnded = false;
  #closeByMs = Infinity;
  #frameFromMs = Infinity;

  constructor(init: TransferInit) {
    this.#init = init;
    this.#host = init.host;
    this.#sides = { client: this.#side('client'), backend: this.#side('backend') };
  }

  get fromClient(): TransferCount {
    return this.#count('client');
  }
  get fromBackend(): TransferCount {
    return this.#count('backend');
  }

  get isMidMessage(): boolean {
    const { client, backend } = this.#sides;
    return !client.scanner.isAtMessageBoundary || !backend.scanner.isAtMessageBoundary;
  }

  receiver(name: Side): LegReceiver {
    return this.#sides[name].link;
  }

  drained(name: Side): void {
    this.#release(this.#sides[otherSide(name)], this.#sides[name]);
  }

  ended(name: Side): void {
    const side = this.#sides[name];
    this.#behind(side, () => this.#lose(side, `${name}.fin`));
  }

  closed(name: Side): void {
    const side = this.#sides[name];
    this.#behind(side, () => this.#lose(side, `${name}.lost`));
    this.#release(this.#sides[otherSide(name)], side);
    this.#host.legClosed();
  }

  pause(direction: Direction): void {
    if (!this.#hasEnded) this.#sides[senderOf(direction)].block();
  }

  resume(direction: Direction): void {
    if (!this.#hasEnded) this.#sides[senderOf(direction)].unblock();
  }

  leave(event: GatewayEnd, given?: CloseStatus, fault?: Fault): void {
    if (this.#hasEnded) return;
    const { errorCode, toClient } = closeRule(event);
    if (toClient.kind === 'close' && toClient.at === 'message') {
      // Half of a short close time: the Close must be out before the time for its answer is over.
      const { closeMs } = this.#init;
      this.#frameFromMs = this.#now() + (closeMs > 0 ? Math.min(MESSAGE_WAIT_MS, closeMs / 2) : MESSAGE_WAIT_MS);
    }
    this.#end(event, given ?? statusOf(errorCode), fault);
  }

  sweep(nowMs: number): number {
    const { client, backend } = this.#sides;
    if (!this.#hasEnded) return Math.min(this.#watchPeer(client, nowMs), this.#watchPeer(backend, nowMs));
    if (nowMs >= this.#frameFromMs) {
      this.#frameFromMs = Infinity;
      for (const side of [client, backend]) if (side.isAwaitingPlace) this.#place(side, 'frame');
    }
    if (nowMs >= this.#closeByMs) this.#expire(nowMs);
    client.sweep(nowMs);
    backend.sweep(nowMs);
    return Infinity;
  }

  #sender(name: Side): Sender {
    return { pause: () => this.#sides[name].hold(), resume: () => this.#sides[name].release() };
  }

  #pingOf(name: Side): LegPing | undefined {
    const { ping, clock } = this.#init;
    if (ping.intervalMs === 0 || (ping.legs !== 'both' && ping.legs !== name)) return undefined;
    return new LegPing(ping, this.#init[name], this.#init[otherSide(name)], clock.now());
  }

  /** Pings a side that was silent for long enough, or gives it up. @returns when to look again. */
  #watchPeer(side: FramedSide, nowMs: number): number {
    if (side.ping === undefined || this.#hasEnded) return Infinity;
    const source = this.#sides[otherSide(side.name)];
    const verdict = side.ping.look(nowMs, source.bytes + (source.passage?.bytes ?? 0));
    if (verdict === 'silent') return this.#giveUp(side, `no answer to a ping for ${this.#init.ping.timeoutMs} ms`);
    if (verdict === 'stalled') return this.#giveUp(source, 'it stopped inside a frame');
    if (verdict === 'ping') {
      // Whole messages are written: there is always a place between them.
      if (source.passage !== undefined) side.sendPing(nowMs);
      else source.scanner.notifyAt('frame');
    }
    return side.ping.nextMs(nowMs);
  }

  /** A side is dead: its socket goes at once, the other side is told. */
  #giveUp(side: FramedSide, what: string): number {
    side.leg.destroy();
    this.#end(`${side.name}.silent`, undefined, { what });
    return Infinity;
  }

  forward(name: Side, bytes: Buffer): void {
    const { client, backend } = this.#sides;
    const isFromClient = name === 'client';
    const to = isFromClient ? backend : client;
    // After a Close nothing may follow (RFC 6455 §5.5.1); the rest is read to find the answer to it.
    if (to.isClosing) return;
    const from = isFromClient ? client : backend;
    from.bytes += bytes.length;
    if (!to.leg.write(bytes)) from.hold();
  }

  closeFrame(name: Side, frame: Buffer, status: CloseStatus): void {
    this.#sides[name].received = status;
    this.forward(name, frame);
    this.#sides[otherSide(name)].close();
    this.#end(`${name}.close`, status);
    this.#settle();
  }

  invalid(name: Side, fault: CloseFault): void {
    this.#sides[name].isMuted = true;
    const status = { code: fault.closeCode, reason: fault.rule };
    this.#end(`${name}.${fault.limit ?? 'invalid'}`, status, { what: fault.rule });
  }

  boundary(name: Side): void {
    const to = this.#sides[otherSide(name)];
    if (!this.#hasEnded) {
      to.sendPing(this.#now());
      return;
    }
    to.sendFarewell();
    this.#settle();
  }

  #side(name: Side): FramedSide {
    const { passage: makePassage, limits: limit, observers, clock, extensions } = this.#init;
    const link = new FramedLink(name, this);
    const passage = makePassage?.(name, this.#sender(name), link, () => this.#sides[otherSide(name)].isClosing);
    const limits = frameLimits(limit, clock);
    const inspector = frameInspector(directionFrom(name), limits, observers);
    const scanner = new FrameScanner(headerRules(name, extensions), passage ?? link, inspector);
    link.walkWith(scanner);
    return new FramedSide(name, this.#init[name], link, scanner, passage, limits, this.#pingOf(name));
  }

  /** Lets `from` go on: `to` takes more, or nothing any more. */
  #release(from: FramedSide, to: FramedSide): void {
    if (from.passage === undefined) from.release();
    else {
      from.passage.drained();
      to.passage?.drained();
    }
  }

  /** Does something when all that came from a side before is through. */
  #behind(side: FramedSide, action: () => void): void {
    if (side.passage === undefined) action();
    else side.passage.behind(action);
  }

  /** A side's stream is over. After its Close that is in order; before it, the other side has to be told. */
  #lose(side: FramedSide, event: EndEvent): void {
    const other = this.#sides[otherSide(side.name)];
    if (side.received === undefined && !other.isClosing) this.#end(event);
    if (other.isAwaitingPlace) this.#place(other, 'frame');
    side.ended(this.#now());
    this.#settle();
  }

  #end(event: EndEvent, status?: CloseStatus, fault?: Fault): void {
    const rule = closeRule(event);
    if (!this.#hasEnded) {
      this.#hasEnded = true;
      if (this.#init.closeMs > 0) this.#closeByMs = this.#now() + this.#init.closeMs;
      this.#host.ends(event, status, fault);
      for (const side of [this.#sides.client, this.#sides.backend]) side.unblockAll();
    }
    this.#say('client', rule, status);
    this.#say('backend', rule, status);
    this.#settle();
  }

  /** Gives one side what the table has for it. */
  #say(name: Side, rule: CloseRule, given: CloseStatus | undefined): void {
    const side = this.#sides[name];
    const farewell = name === 'client' ? rule.toClient : rule.toBackend;
    if (farewell.kind !== 'close' || side.isClosing) return;
    const { code, at } = farewell;
    const own = code === 'given' ? given : { code, reason: statusOf(rule.errorCode).reason };
    // Who has said goodbye already gets its own code back: an endpoint echoes it (RFC 6455 §5.5.1).
    side.prepare(side.received ?? own ?? { code: undefined, reason: '' });
    this.#place(side, at);
  }

  /** Writes the Close of a side as soon as the stream towards it allows. */
  #place(side: FramedSide, at: Boundary): void {
    const source = this.#sides[otherSide(side.name)];
    // Whole messages are written: there is always a place between them.
    if (source.passage !== undefined && (at === 'frame' || source.isSilent)) source.passage.boundary();
    else if (!source.isSilent) source.scanner.notifyAt(at);
    else if (source.scanner.isAtFrameBoundary) side.sendFarewell();
    else side.finish(this.#now());
  }

  /** The time for answers is over. Who still waits for a Close gets one, where it can be put. */
  #expire(nowMs: number): void {
    const { client, backend } = this.#sides;
    if (client.hasProgressed() || backend.hasProgressed()) {
      this.#closeByMs = nowMs + this.#init.closeMs;
      return;
    }
    this.#closeByMs = Infinity;
    for (const side of [client, backend]) {
      if (side.isHangingUp) continue;
      this.#host.closeTimedOut();
      const source = this.#sides[otherSide(side.name)];
      if (source.passage !== undefined || source.scanner.isAtFrameBoundary) {
        if (side.received !== undefined) side.prepare(side.received);
        side.sendFarewell();
      }
      side.finish(nowMs);
    }
  }

  #settle(): void {
    const now = this.#now();
    for (const side of [this.#sides.client, this.#sides.backend]) {
      side.settle(now);
      // Nothing is written to a closing side: its sender is never paused for it, and its answer must be read.
      if (side.isClosing) this.#release(this.#sides[otherSide(side.name)], side);
    }
  }

  #count(name: Side): TransferCount {
    const { bytes, scanner, passage } = this.#sides[name];
    return { bytes: bytes + (passage?.bytes ?? 0), messages: scanner.messages };
  }

  #now(): number {
    return this.#init.clock.now();
  }
}

/** What the gateway says of an end of its own. */
function statusOf(errorCode: ErrorCode | 'given' | undefined): CloseStatus {
  if (errorCode === undefined || errorCode === 'given') return { code: undefined, reason: '' };
  const { closeCode, message } = ERROR_CATALOGUE[errorCode];
  return { code: closeCode, reason: message };
}
