import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { closePayload, encodeFrame, OPCODE, type SeededRandom } from '@ocelot/test-support';

import { MAX_MESSAGE_BYTES } from './configuration.js';
import { messageBytes, type Speech } from './conversation-plan.js';
import { FrameReader } from './frame-reader.js';
import type { MessageContent, Speaker } from './message-content.js';

/** Code and reason of a Close; an empty Close has no code. */
export interface CloseStatus {
  readonly code: number | undefined;
  readonly reason: string;
}

/** What a peer is made of. */
export interface PeerInit {
  readonly speaker: Speaker;
  readonly conversation: number;
  /** Half-open by nature, with an error listener; read by the peer from now on. */
  readonly socket: Socket;
  readonly speech: Speech;
  readonly content: MessageContent;
  readonly random: SeededRandom;
  /** Neither answers a Close nor closes after it. */
  readonly ignoresClose: boolean;
  /** Something arrived that was not sent so, or broke the protocol. */
  readonly fault: (text: string) => void;
  /** Something happened: whoever waits looks again. */
  readonly changed: () => void;
}

/** One end of an open WebSocket: says its messages, checks what it hears byte for byte, answers pings and Close. */
export class Peer {
  readonly socket: Socket;
  /** Messages handed to the socket. */
  sent = 0;
  /** Messages that arrived, each checked. */
  received = 0;
  /** All messages are out, or none can be any more. */
  hasSpoken = false;
  closeSent: CloseStatus | undefined;
  closeReceived: CloseStatus | undefined;
  /** Messages that had arrived when the Close came. */
  receivedBeforeClose = 0;
  hasEnded = false;
  isClosed = false;
  /** The protocol was broken by the other end, or nothing can be read any more. */
  isDeaf = false;
  readonly #init: PeerInit;
  readonly #reader: FrameReader;
  #isSilenced = false;

  constructor(init: PeerInit) {
    this.#init = init;
    this.socket = init.socket;
    this.#reader = new FrameReader(init.speaker === 'backend', {
      message: (opcode, payload) => this.#message(opcode, payload),
      control: (opcode, payload) => this.#control(opcode, payload),
    });
    const { socket } = this;
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.once('end', () => {
      this.hasEnded = true;
      // Nothing more will be heard. Also who ignores Close frames has no reason to stay.
      this.#leave();
      init.changed();
    });
    socket.once('close', () => {
      this.isClosed = true;
      this.#isSilenced = true;
      init.changed();
    });
  }

  /** Takes bytes that were read with the handshake. */
  take(chunk: Buffer): void {
    if (this.isDeaf) return;
    try {
      this.#reader.push(chunk);
    } catch (error) {
      this.isDeaf = true;
      this.#init.fault(error instanceof Error ? error.message : String(error));
      this.socket.destroy();
    }
  }

  /** Says everything. Settles when it is said, or when nobody can hear it any more; never rejects. */
  async speak(): Promise<void> {
    const { speech, random } = this.#init;
    const deafAt = speech.deafMs > 0 ? random.between(0, speech.messages >> 1) : -1;
    while (this.sent < speech.messages && this.#canSpeak) {
      if (this.sent === deafAt) this.#stopListening(speech.deafMs);
      const opcode = this.#init.content.opcodeOf(this.#init.conversation, this.sent);
      const bytes = messageBytes(random, speech);
      const message = this.#init.content.make(this.#init.conversation, this.#init.speaker, this.sent, bytes);
      if (random.chance(speech.fragmentShare)) await this.#sendInPieces(opcode, message);
      else await this.#write(encodeFrame({ opcode, payload: message, mask: this.#masks }));
      this.sent += 1;
      if (speech.pauseMs > 0) await sleep(random.between(0, speech.pauseMs));
    }
    this.hasSpoken = true;
    this.#init.changed();
  }

  /** No more messages after the one under way. */
  stopSpeaking(): void {
    this.#isSilenced = true;
  }

  /** Sends a Close frame behind what was sent. Later calls do nothing. */
  close(status: CloseStatus): void {
    if (this.closeSent !== undefined || this.socket.destroyed || !this.socket.writable) return;
    this.closeSent = status;
    this.#isSilenced = true;
    const payload = closePayload(status.code, status.reason);
    this.socket.write(encodeFrame({ opcode: OPCODE.close, payload, mask: this.#masks }));
    this.#leaveAfterClose();
  }

  /** Sends bytes that no WebSocket end may send: the mask is on the wrong side. */
  breakProtocol(): void {
    this.#isSilenced = true;
    this.socket.write(encodeFrame({ opcode: OPCODE.binary, payload: 'wrong', mask: !this.#masks }));
  }

  /** Begins a message that is longer than the gateway allows. */
  sayTooMuch(): void {
    this.#isSilenced = true;
    const mask = this.#masks;
    this.socket.write(encodeFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(MAX_MESSAGE_BYTES + 1), mask }));
  }

  get #masks(): boolean {
    return this.#init.speaker === 'client';
  }

  get #canSpeak(): boolean {
    return !this.#isSilenced && this.closeSent === undefined && !this.socket.destroyed && this.socket.writable;
  }

  #message(opcode: number, payload: Buffer): void {
    if (this.closeReceived !== undefined) {
      this.#init.fault('a message came after the Close');
      return;
    }
    const { content, conversation, speaker } = this.#init;
    const other = speaker === 'client' ? 'backend' : 'client';
    const fault = content.fault(conversation, other, this.received, opcode, payload);
    if (fault !== undefined) this.#init.fault(fault);
    this.received += 1;
    this.#init.changed();
  }

  #control(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.ping) {
      if (this.#canAnswer) this.socket.write(encodeFrame({ opcode: OPCODE.pong, payload, mask: this.#masks }));
      return;
    }
    if (opcode !== OPCODE.close) return;
    if (this.closeReceived !== undefined) {
      this.#init.fault('a second Close came');
      return;
    }
    const status = {
      code: payload.length < 2 ? undefined : payload.readUInt16BE(0),
      reason: payload.subarray(2).toString(),
    };
    this.closeReceived = status;
    this.receivedBeforeClose = this.received;
    this.#isSilenced = true;
    if (this.#init.ignoresClose) this.#init.changed();
    else {
      this.close(status);
      this.#leaveAfterClose();
      this.#init.changed();
    }
  }

  get #canAnswer(): boolean {
    return this.closeSent === undefined && !this.socket.destroyed && this.socket.writable;
  }

  /** The server ends TCP first (RFC 6455 §7.1.1); the client waits for it. */
  #leaveAfterClose(): void {
    if (this.closeSent === undefined || this.closeReceived === undefined) return;
    if (this.#init.speaker === 'backend') this.#leave();
  }

  #leave(): void {
    this.#isSilenced = true;
    if (!this.socket.destroyed && this.socket.writable) this.socket.end();
  }

  #stopListening(ms: number): void {
    this.socket.pause();
    setTimeout(() => this.socket.resume(), ms).unref();
  }

  async #sendInPieces(opcode: number, message: Buffer): Promise<void> {
    const { random } = this.#init;
    const mask = this.#masks;
    const cuts = Array.from({ length: random.between(1, 5) }, () => random.between(0, message.length));
    let from = 0;
    let frameOpcode = opcode;
    for (const to of [...cuts.toSorted((a, b) => a - b), message.length]) {
      // A Close may have been answered in between: nothing follows it (RFC 6455 §5.5.1).
      if (this.closeSent !== undefined) return;
      const fin = to === message.length;
      await this.#write(encodeFrame({ opcode: frameOpcode, fin, payload: message.subarray(from, to), mask }));
      if (fin) return;
      frameOpcode = OPCODE.continuation;
      from = to;
      if (random.chance(0.3) && this.closeSent === undefined)
        await this.#write(encodeFrame({ opcode: OPCODE.ping, payload: 'between', mask }));
    }
  }

  async #write(bytes: Buffer): Promise<void> {
    const { socket } = this;
    if (socket.destroyed || !socket.writable || socket.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off('drain', done);
        socket.off('close', done);
        resolve();
      };
      socket.on('drain', done);
      socket.on('close', done);
    });
  }
}
