const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  // The polynomial 1EDC6F41 of RFC 4960 Appendix B, bits reversed.
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? (rest >>> 1) ^ 0x82f63b78 : rest >>> 1;
  return rest;
});

/** CRC32c of several pieces in a row, as an unsigned number (RFC 4960 Appendix B); for headers, not for bulk data. */
export function crc32c(...pieces: readonly Uint8Array[]): number {
  let sum = 0xffffffff;
  for (const piece of pieces) for (const byte of piece) sum = (TABLE[(sum ^ byte) & 0xff] ?? 0) ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
