// What walking frames costs: run with `npx vitest bench --run --project ws-relay frame-scanner`.
// Compare runs with each other only: vitest's module transform slows calls between modules down. Bundled, as in dist,
// a frame of 64 bytes takes 37 ns (2026-11-22, 2 vCPU AMD EPYC, Node 20.20.2, load 2); the system calls that move it
// take some 10 µs.
import { bench, describe } from 'vitest';

import { systemClock } from '@ocelot/core';
import { encodeFrame } from '@ocelot/test-support';
import { FrameLimits } from '../src/frames/frame-limits.js';
import { FrameScanner } from '../src/frames/frame-scanner.js';
import type { ScanSink } from '../src/frames/scan-sink.js';

const ignore = (): void => {};
const sink: ScanSink = { forward: ignore, closeFrame: ignore, invalid: ignore, boundary: ignore };
const rules = { expectsMask: true, firstFrameBits: 0, otherFrameBits: 0 };
const frame = (bytes: number): Buffer => encodeFrame({ opcode: 2, payload: Buffer.alloc(bytes), mask: true });

describe('one chunk of 64 KiB', () => {
  for (const size of [1, 64, 1024]) {
    const one = frame(size);
    const chunk = Buffer.concat(Array<Buffer>(Math.floor(65_536 / one.length)).fill(one));
    const scanner = new FrameScanner(rules, sink);
    bench(`${Math.floor(65_536 / one.length)} frames of ${size} bytes`, () => scanner.push(chunk));
  }

  // Bundled, in one run of both: 15 ns a frame without limits, as before there were any, 32 ns with all three (least of
  // 41 rounds, 2026-11-22, 2 vCPU AMD EPYC, Node 20.20.2, load 11).
  const limited = Buffer.concat(Array<Buffer>(936).fill(frame(64)));
  const limits = { maxMessageBytes: 1000, maxFramesPerMessage: 10, maxFrameRate: 1_000_000_000 };
  const judge = new FrameScanner(rules, sink, new FrameLimits(limits, systemClock));
  bench('936 frames of 64 bytes, with every limit', () => judge.push(limited));

  const split = frame(64);
  const halves = [split.subarray(0, 3), split.subarray(3)] as const;
  const scanner = new FrameScanner(rules, sink);
  bench('a header split over two chunks', () => {
    scanner.push(halves[0]);
    scanner.push(halves[1]);
  });
});
