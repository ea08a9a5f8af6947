import { isGatewayError } from '@ocelot/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { bodyFraming } from '../../src/handshake/body-framing.js';
import { MAX_HEAD_BYTES, type ResponseHead, ResponseHeadReader } from '../../src/handshake/response-head.js';
import { chunksOf, type CutBytes, cutBytes } from './byte-arbitraries.js';
import { fuzz } from './fuzz.js';
import { readWithNode } from './node-http-client.js';

/** What became of an answer. */
type Outcome =
  | { readonly kind: 'head'; readonly head: ResponseHead; readonly rest: string }
  | { readonly kind: 'refused'; readonly fault: string }
  | { readonly kind: 'incomplete' };

function read(input: CutBytes): Outcome {
  const reader = new ResponseHeadReader();
  const chunks = chunksOf(input);
  try {
    for (const [i, chunk] of chunks.entries()) {
      const answer = reader.push(chunk);
      if (answer === undefined) continue;
      const rest = Buffer.concat([answer.rest, ...chunks.slice(i + 1)]);
      return { kind: 'head', head: answer.head, rest: rest.toString('latin1') };
    }
    return { kind: 'incomplete' };
  } catch (error) {
    return { kind: 'refused', fault: faultOf(error) };
  }
}

/** Rethrows what is no fault of a backend's handshake. */
function faultOf(error: unknown): string {
  if (!isGatewayError(error) || error.code !== 'OCELOT_ERR_BACKEND_HANDSHAKE_INVALID') throw error;
  return String(error.details['fault']);
}

/** What is refused although Node's client reads it. Anything else that is refused alone is a mistake of ours. */
const STRICTER: readonly (readonly [RegExp, string])[] = [
  [/does not answer in HTTP\/1/, 'HTTP/2.0 and HTTP/0.9 are read by Node and answered by nobody'],
  [/invalid status line/, 'statuses below 100, a reason with control characters, HTTP/1.2 to HTTP/1.9'],
  [/ends a header line without CR/, 'a bare LF, which others read as a part of the line (RFC 9112 §2.2)'],
  [/invalid header line/, 'folded lines and control characters, which others repair in another way (RFC 9112 §5.2)'],
  [/interim answers without end/, 'Node reads them for ever'],
  [/an interim answer that is none/, 'interim answers with a body or an end (RFC 9110 §15.2)'],
  [/a head of more than/, 'a limit of ours'],
  [/more than \d+ headers/, 'a limit of ours'],
];

function reasonOf(fault: string): string | undefined {
  return STRICTER.find(([pattern]) => pattern.test(fault))?.[1];
}

async function check(input: CutBytes): Promise<void> {
  const whole = read({ bytes: input.bytes, cuts: [] });
  const inPieces = read(input);
  if (whole.kind === 'refused') expect(inPieces.kind).toBe('refused');
  else expect(inPieces).toEqual(whole);
  if (whole.kind === 'incomplete') expect(input.bytes.length).toBeLessThanOrEqual(17 * MAX_HEAD_BYTES);

  const node = await readWithNode({ bytes: input.bytes, cuts: [] });
  if (whole.kind === 'head') {
    const { status, reason, httpMinor, rawHeaders } = whole.head;
    if (node.kind === 'head') expect(node).toMatchObject({ status, reason, httpMinor, rawHeaders });
    // Node judges the framing of the body together with the head; here that is the next step.
    else expect(() => bodyFraming(whole.head), `Node says ${JSON.stringify(node)}`).toThrow(/wrongly/);
  } else if (node.kind === 'head') {
    expect(whole.kind, 'Node reads a head').toBe('refused');
    if (whole.kind === 'refused') expect(reasonOf(whole.fault), `only we refuse, since ${whole.fault}`).toBeDefined();
  }
}

const LINES = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Connection: close, Upgrade',
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits="1\\0"',
  'Set-Cookie: a=1; Path=/',
  'Content-Length: 5',
  'Content-Length: 0',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'X-Empty:',
  'X-Blank: \t ',
  'X-Bytes: \x80\xff\xa0',
  'Trailer: X',
];

const line = fc.oneof(
  fc.constantFrom(...LINES),
  fc.tuple(fc.string({ maxLength: 6 }), fc.string({ maxLength: 10 })).map(([name, value]) => `${name}: ${value}`),
);

const head = fc
  .record({
    version: fc.constantFrom('1.1', '1.1', '1.1', '1.0', '1.2', '2.0', '0.9'),
    status: fc.oneof(fc.constantFrom(100, 101, 101, 101, 103, 200, 204, 304, 401, 426, 503), fc.nat(999)),
    reason: fc.oneof(fc.constantFrom(' OK', '', ' ', ' Switching  Protocols'), fc.string({ maxLength: 5 })),
    lines: fc.array(line, { maxLength: 6 }),
  })
  .map(({ version, status, reason, lines }) => [`HTTP/${version} ${status}${reason}`, ...lines, '', ''].join('\r\n'));

const body = fc.oneof(
  fc.constantFrom('', '0\r\n\r\n', 'hello', '5\r\nhello\r\n0\r\n\r\n'),
  fc.string({ maxLength: 8 }),
);

const answers = fc
  .tuple(fc.array(head, { minLength: 1, maxLength: 3 }), body)
  .map(([heads, rest]) => Buffer.from(heads.join('') + rest, 'latin1'));

describe('ResponseHeadReader', () => {
  fuzz({ name: 'response-heads', inputs: cutBytes(answers), runs: 1200, check });

  it('ends with a head or a refusal, however long an answer goes on', () => {
    const unit = fc.constantFrom(
      'A: b\r\n',
      'b',
      ' ',
      '\r\n',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 103 X\r\nA: ',
    );
    fc.assert(
      fc.property(answers, unit, fc.integer({ min: 1, max: 4096 }), (start, more, times) => {
        const reader = new ResponseHeadReader();
        const filler = Buffer.from(more.repeat(times), 'latin1');
        let pushed = 0;
        const isOver = (bytes: Buffer): boolean => {
          try {
            return reader.push(bytes) !== undefined;
          } catch (error) {
            return faultOf(error) !== '';
          }
        };
        let next = start;
        // Sixteen interim heads of the largest size, and the head behind them.
        while (!isOver(next)) {
          next = filler;
          pushed += filler.length;
          expect(pushed).toBeLessThan(18 * MAX_HEAD_BYTES);
        }
      }),
      { numRuns: 100 },
    );
  });
});
