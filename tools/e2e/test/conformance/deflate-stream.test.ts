// The judge of compression has to notice what a lenient receiver would not.
import { randomBytes } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { deflateTerms, MessageDeflater, MessageInflater } from '../../conformance/deflate-stream.js';

const LIMIT = 1_000_000;
const twice = (bytes: Buffer): Buffer => Buffer.concat([bytes, bytes]);

describe('MessageInflater', () => {
  it('refuses what refers further back than the window that was agreed on (RFC 7692 §7.1.2)', () => {
    const message = twice(randomBytes(8192));
    const wide = new MessageDeflater({ keepsContext: true, windowBits: 15 }).deflate(message);
    expect(() => new MessageInflater({ keepsContext: true, windowBits: 10 }).inflate(wide, LIMIT)).toThrow('distance');
    const narrow = new MessageDeflater({ keepsContext: true, windowBits: 10 }).deflate(message);
    const inflater = new MessageInflater({ keepsContext: true, windowBits: 10 });
    expect(inflater.inflate(narrow, LIMIT).equals(message)).toBe(true);
  });

  it('refuses what refers to the message before, where no context is kept (RFC 7692 §7.1.1)', () => {
    const message = randomBytes(2000);
    const deflater = new MessageDeflater();
    const inflater = new MessageInflater({ keepsContext: false, windowBits: 15 });
    expect(inflater.inflate(deflater.deflate(message), LIMIT).equals(message)).toBe(true);
    expect(() => inflater.inflate(deflater.deflate(message), LIMIT)).toThrow('distance');
  });

  it('refuses to give more than the limit', () => {
    const bomb = new MessageDeflater().deflate(Buffer.alloc(LIMIT + 1));
    expect(() => new MessageInflater().inflate(bomb, LIMIT)).toThrow('larger');
  });
});

describe('deflateTerms', () => {
  it('reads what each sender agreed to', () => {
    expect(deflateTerms(undefined)).toBeUndefined();
    expect(deflateTerms('permessage-deflate; server_no_context_takeover; client_max_window_bits=12')).toEqual({
      client: { keepsContext: true, windowBits: 12 },
      backend: { keepsContext: false, windowBits: 15 },
    });
  });
});
