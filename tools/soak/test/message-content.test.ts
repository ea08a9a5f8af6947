import { OPCODE } from '@ocelot/test-support';
import { describe, expect, it } from 'vitest';

import { MessageContent } from '../src/message-content.js';

const content = new MessageContent('seed');

/** Conversation 7, message 5: a binary one. */
const message = (bytes = 1000): Buffer => content.make(7, 'client', 5, bytes);

describe('MessageContent', () => {
  it('finds nothing wrong with a message as it was made, however long', () => {
    for (const bytes of [25, 26, 1000, 3_000_000]) {
      expect(content.fault(7, 'client', 5, content.opcodeOf(7, 5), message(bytes)), `${bytes} bytes`).toBeUndefined();
    }
  });

  it.each([
    ['one altered byte', () => Buffer.from(message().map((byte, at) => (at === 999 ? byte ^ 1 : byte))), 'is altered'],
    ['a byte too few', () => message().subarray(0, 999), 'has 999 bytes instead of 1000'],
    ['the message before', () => content.make(7, 'client', 4, 1000), 'message 4 instead of 5'],
    ['a message of another conversation', () => content.make(8, 'client', 5, 1000), 'a message of conversation 8'],
    ['an own message', () => content.make(7, 'backend', 5, 1000), 'a message of its own'],
    ['something else', () => Buffer.from('hello'), 'does not begin as it was sent'],
  ])('notices %s', (_, make, fault) => {
    expect(content.fault(7, 'client', 5, content.opcodeOf(7, 5), make())).toContain(fault);
  });

  it('notices another opcode', () => {
    const opcode = content.opcodeOf(7, 5) === OPCODE.text ? OPCODE.binary : OPCODE.text;
    expect(content.fault(7, 'client', 5, opcode, message())).toContain(`has opcode ${opcode}`);
  });
});
