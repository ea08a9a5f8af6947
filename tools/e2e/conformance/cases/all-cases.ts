import type { ConformanceCase } from '../conformance-case.js';
import { CLOSING } from './closing.js';
import { COMPRESSION } from './compression.js';
import { CONTROL_FRAMES } from './control-frames.js';
import { FRAGMENTATION } from './fragmentation.js';
import { FRAMING } from './framing.js';
import { LIMIT_CASES } from './limits.js';
import { MASKING } from './masking.js';
import { RESERVED } from './reserved.js';
import { UTF8 } from './utf8.js';

/** Every case, by group: the part of a name before its slash. */
export const ALL_CASES: readonly ConformanceCase[] = [
  ...FRAMING,
  ...FRAGMENTATION,
  ...CONTROL_FRAMES,
  ...RESERVED,
  ...MASKING,
  ...UTF8,
  ...CLOSING,
  ...LIMIT_CASES,
  ...COMPRESSION,
];
