import { OPCODE, seededRandom } from '@ocelot/test-support';

/** Who speaks. */
export type Speaker = 'client' | 'backend';

/** What every message begins with: conversation, speaker, number and whole length, in hexadecimal. */
const HEAD = /^([0-9a-f]{8})([cb])([0-9a-f]{8})([0-9a-f]{8})$/;
const HEAD_BYTES = 25;

/** The shortest message there is. */
export const LEAST_MESSAGE_BYTES: number = HEAD_BYTES;

const BLOCK_BYTES = 1 << 20;

/**
 * Makes and checks messages. The content of each one follows from the seed, the conversation, the speaker and the
 * number, so the receiver knows every byte it has to get, and no byte needs to be remembered.
 */
export class MessageContent {
  readonly #block: Buffer;

  constructor(seed: string) {
    const random = seededRandom(seed).fork('content');
    this.#block = Buffer.alloc(BLOCK_BYTES);
    // Printable, so that the same bytes do as text.
    for (let i = 0; i < BLOCK_BYTES; i += 1) this.#block[i] = random.between(32, 126);
  }

  /** The n-th message of a speaker, counted from 0; `bytes` at least {@link LEAST_MESSAGE_BYTES}. */
  make(conversation: number, speaker: Speaker, index: number, bytes: number): Buffer {
    const message = Buffer.allocUnsafe(bytes);
    message.write(`${hex(conversation)}${speaker === 'client' ? 'c' : 'b'}${hex(index)}${hex(bytes)}`, 'latin1');
    this.#fill(message, conversation, index);
    return message;
  }

  /** Text or binary: every third is text. */
  opcodeOf(conversation: number, index: number): number {
    return (conversation + index) % 3 === 0 ? OPCODE.text : OPCODE.binary;
  }

  /** @returns what is wrong with a message that should be the n-th of a speaker; undefined when nothing is. */
  fault(conversation: number, speaker: Speaker, index: number, opcode: number, message: Buffer): string | undefined {
    const head = HEAD.exec(message.toString('latin1', 0, HEAD_BYTES));
    if (head === null) return `message ${index} does not begin as it was sent (${message.length} bytes)`;
    const [, from = '', letter = '', number = '', length = ''] = head;
    if (Number.parseInt(from, 16) !== conversation) return `a message of conversation ${Number.parseInt(from, 16)}`;
    if (letter !== (speaker === 'client' ? 'c' : 'b')) return 'a message of its own came back';
    if (Number.parseInt(number, 16) !== index) return `message ${Number.parseInt(number, 16)} instead of ${index}`;
    if (Number.parseInt(length, 16) !== message.length) {
      return `message ${index} has ${message.length} bytes instead of ${Number.parseInt(length, 16)}`;
    }
    if (opcode !== this.opcodeOf(conversation, index)) return `message ${index} has opcode ${opcode}`;
    return this.#differs(message, conversation, index) ? `message ${index} is altered` : undefined;
  }

  #fill(message: Buffer, conversation: number, index: number): void {
    let from = offsetOf(conversation, index);
    for (let at = HEAD_BYTES; at < message.length; from = 0) at += this.#block.copy(message, at, from);
  }

  #differs(message: Buffer, conversation: number, index: number): boolean {
    let from = offsetOf(conversation, index);
    for (let at = HEAD_BYTES; at < message.length; from = 0) {
      const length = Math.min(message.length - at, BLOCK_BYTES - from);
      if (message.compare(this.#block, from, from + length, at, at + length) !== 0) return true;
      at += length;
    }
    return false;
  }
}

function offsetOf(conversation: number, index: number): number {
  return (Math.imul(conversation, 7919) + Math.imul(index, 104_729)) & (BLOCK_BYTES - 1);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
