import type { Socket } from 'node:net';

import { closePayload, OPCODE } from '@ocelot/test-support';

import { otherSide, type FrameWriter, type Side } from './conformance-case.js';
import { MessageDeflater, type DeflateTerms } from './deflate-stream.js';
import type { OpenedEnd } from './opened.js';
import { StrictReader, type ReaderEvent } from './strict-reader.js';

/** Longest life of a peer: whatever does not end by itself is cut, and told. */
const LIFE_MS = 30_000;
/** Longest wait of the script for echoes and pongs before it closes all the same. */
const ECHO_MS = 15_000;

/** How long a peer that ignores everything keeps its socket after the other side's FIN. */
const HANG_MS = 2500;

/** What one end saw of its connection. */
export interface PeerRecord {
  readonly side: Side;
  /** Everything behind the opening handshake. */
  readonly bytes: Buffer;
  readonly events: readonly ReaderEvent[];
  /** How the other side ended its half: in order, by RST, or not at all before we gave up. */
  readonly end: 'fin' | 'reset' | 'none';
  /** The other side's FIN came before this side had ended its own half. */
  readonly wasLeftFirst: boolean;
  /** Bytes behind the Close frame or behind the fault. */
  readonly trailingBytes: number;
  /** Masked frames that came, and how many different keys they had. */
  readonly masking: { readonly frames: number; readonly keys: number };
  /** The other side stopped inside a frame or a message. */
  readonly isCutShort: boolean;
}

/** What a peer does by itself. */
export interface PeerManners {
  /** permessage-deflate was agreed on, on the leg of this side. */
  readonly deflate: DeflateTerms | undefined;
  /** Sends each message back. */
  readonly echoes: boolean;
  /** What it does about a Close that comes, before it sent one. @default answer */
  readonly onClose?: CloseManners;
}

/**
 * An endpoint answers (RFC 6455 §5.5.1). One that fails cuts its connection, behind the answer or instead of it; one
 * that hangs ignores everything, pings too; one may also finish what it was saying before it answers.
 */
export type CloseManners = 'answer' | 'answer-and-cut' | 'cut' | 'ignore' | 'finish-speaking';

/** What a peer still has to say when a Close comes. */
export const LAST_WORDS: Buffer = Buffer.alloc(200_000, 'one last thing ');

/**
 * A WebSocket endpoint that keeps to RFC 6455 to the letter: reads strictly, answers pings and Closes, refuses what is
 * wrong with the right code, and ends TCP as its side has to (§7.1.1). What it sends by itself waits until the script
 * of {@link play} is written, so that nothing stands inside its frames.
 */
export class StrictPeer {
  readonly record: Promise<PeerRecord>;
  readonly side: Side;
  readonly #socket: Socket;
  readonly #reader: StrictReader;
  readonly #write: FrameWriter;
  readonly #echoes: boolean;
  readonly #onClose: CloseManners;
  readonly #deflater: MessageDeflater | undefined;
  readonly #events: ReaderEvent[] = [];
  readonly #chunks: Buffer[] = [];
  readonly #answers: Buffer[] = [];
  #isPlaying = false;
  #hasClosed = false;
  #isStuck = false;
  #isClosed = false;
  #hasEnded = false;
  #end: PeerRecord['end'] = 'none';
  #wasLeftFirst = false;
  #changed: () => void = () => {};

  constructor(side: Side, { socket, rest }: OpenedEnd, manners: PeerManners, write: FrameWriter) {
    this.side = side;
    this.#socket = socket;
    this.#write = write;
    this.#echoes = manners.echoes;
    this.#onClose = manners.onClose ?? 'answer';
    const { deflate: terms } = manners;
    this.#deflater = terms === undefined ? undefined : new MessageDeflater(terms[side]);
    this.#reader = new StrictReader({
      expectsMask: side === 'backend',
      deflate: terms?.[otherSide(side)],
      emit: (event) => this.#on(event),
    });
    const life = setTimeout(() => socket.destroy(), LIFE_MS);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => (this.#end = 'reset'));
    socket.once('end', () => {
      this.#end = 'fin';
      this.#wasLeftFirst = !this.#hasEnded;
      if (this.#onClose === 'ignore') this.#hang();
      else if (!this.#isPlaying) this.finish();
      this.#changed();
    });
    this.record = new Promise((resolve) => {
      socket.once('close', () => {
        clearTimeout(life);
        this.#isClosed = true;
        this.#changed();
        resolve(this.#summary());
      });
    });
    if (rest.length > 0) this.#take(rest);
    socket.resume();
  }

  /**
   * Writes the pieces, each given a turn of the event loop to travel alone.
   * @param end `closed`: they hold a Close, so this side sends none any more. `open`: they stop inside a frame, so
   * nothing can follow but the end of TCP.
   */
  async play(pieces: readonly Buffer[], end: 'whole' | 'closed' | 'open'): Promise<void> {
    this.#isPlaying = true;
    this.#isStuck = end === 'open';
    if (end !== 'whole') this.#hasClosed = true;
    for (const piece of pieces) {
      if (!this.#socket.writable) break;
      this.#socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#isPlaying = false;
    if (this.#socket.writable) for (const answer of this.#answers.splice(0)) this.#socket.write(answer);
    if (this.#end === 'fin') this.finish();
    this.#leaveIfOver();
  }

  /** Waits until as many messages and pongs came, or nothing more can come. */
  async echoed(messages: number, pongs: number): Promise<void> {
    const count = (kind: ReaderEvent['kind']): number => this.#events.filter((event) => event.kind === kind).length;
    const isOver = (): boolean => this.#isClosed || this.#isSettled() || this.#end !== 'none';
    const until = performance.now() + ECHO_MS;
    while (!isOver() && (count('message') < messages || count('pong') < pongs)) {
      const left = until - performance.now();
      if (left <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Sends a Close, if none went yet. */
  close(code: number | undefined, reason = ''): void {
    if (this.#hasClosed) return;
    this.#hasClosed = true;
    this.#answer(this.#write.frame({ opcode: OPCODE.close, payload: closePayload(code, reason) }));
    this.#leaveIfOver();
  }

  /** Closes the socket in both directions behind what is queued: FIN, and RST to whatever still comes. */
  cut(): void {
    this.#hasClosed = true;
    this.#hasEnded = true;
    this.#socket.destroySoon();
  }

  /** Breaks the connection with RST. */
  reset(): void {
    this.#hasEnded = true;
    this.#socket.resetAndDestroy();
  }

  /** Ends this side's half. */
  finish(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#socket.end();
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#reader.push(chunk);
    this.#changed();
  }

  #on(event: ReaderEvent): void {
    this.#events.push(event);
    if (event.kind === 'fault') this.close(event.code, event.rule);
    else if (event.kind === 'close') this.#leave(event.code, event.reason);
    else if (event.kind === 'ping' && this.#onClose !== 'ignore')
      this.#speak({ opcode: OPCODE.pong, payload: event.payload });
    else if (event.kind === 'message' && this.#echoes) this.#echo(event);
    this.#leaveIfOver();
  }

  #leave(code: number | undefined, reason: string): void {
    if (this.#onClose === 'finish-speaking') this.#speak({ opcode: OPCODE.text, payload: LAST_WORDS });
    if (this.#onClose !== 'cut' && this.#onClose !== 'ignore') this.close(code, reason);
    if (this.#onClose === 'cut' || this.#onClose === 'answer-and-cut') this.cut();
  }

  /** Hangs for longer than a gateway may wait for it. */
  #hang(): void {
    const timer = setTimeout(() => this.#socket.destroy(), HANG_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #echo({ type, payload, zipped }: Extract<ReaderEvent, { kind: 'message' }>): void {
    const opcode = type === 'text' ? OPCODE.text : OPCODE.binary;
    if (zipped && this.#deflater !== undefined)
      this.#speak({ opcode, rsv: 4, payload: this.#deflater.deflate(payload) });
    else this.#speak({ opcode, payload });
  }

  #speak(parts: { readonly opcode: number; readonly rsv?: number; readonly payload: Buffer }): void {
    if (!this.#hasClosed) this.#answer(this.#write.frame(parts));
  }

  #answer(bytes: Buffer): void {
    if (this.#isPlaying) this.#answers.push(bytes);
    else if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Whether nothing is read any more: the other side closed, or broke a rule. */
  #isSettled(): boolean {
    return this.#events.some(({ kind }) => kind === 'close' || kind === 'fault');
  }

  /** Both Closes are through: the server ends TCP, the client waits for it (RFC 6455 §7.1.1). */
  #leaveIfOver(): void {
    const mayEnd = this.side === 'backend' || this.#isStuck;
    if (mayEnd && this.#hasClosed && !this.#isPlaying && this.#isSettled()) this.finish();
  }

  #summary(): PeerRecord {
    return {
      side: this.side,
      bytes: Buffer.concat(this.#chunks),
      events: this.#events,
      end: this.#end,
      wasLeftFirst: this.#wasLeftFirst,
      trailingBytes: this.#reader.trailingBytes,
      masking: this.#reader.masking,
      isCutShort: !this.#reader.isAtRest,
    };
  }
}
