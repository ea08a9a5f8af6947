/** A file's text and, where its bytes are no valid text, where the first replacement stands. */
export interface DecodedText {
  readonly text: string;
  /** Offset of the first byte sequence that was replaced by U+FFFD; undefined when all bytes are text. */
  readonly replacedAt: number | undefined;
}

/**
 * Turns bytes into text as .NET's file reader does: UTF-8, or UTF-16 when a byte-order mark says so; the mark itself is
 * dropped. Other encodings (real files hold GBK comments) are read as UTF-8 with replacement characters.
 */
export function decodeText(content: Uint8Array | string): DecodedText {
  if (typeof content === 'string') {
    return { text: content.startsWith('\uFEFF') ? content.slice(1) : content, replacedAt: undefined };
  }
  const encoding = encodingOf(content);
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(content), replacedAt: undefined };
  } catch {
    const text = new TextDecoder(encoding).decode(content);
    const replacedAt = text.indexOf('\uFFFD');
    return { text, replacedAt: replacedAt === -1 ? 0 : replacedAt };
  }
}

function encodingOf(content: Uint8Array): string {
  if (content[0] === 0xff && content[1] === 0xfe) return 'utf-16le';
  if (content[0] === 0xfe && content[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}
