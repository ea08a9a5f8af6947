import { headerValues, listElements } from './tokens.js';

/** Headers that concern one hop only (RFC 9110 §7.6.1), in lower case. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Whether a header concerns one hop only, whatever `Connection` says. @param name In lower case. */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name);
}

/** A backend's headers without those of its own hop: hop-by-hop ones and everything its `Connection` names. */
export function endToEndHeaders(rawHeaders: readonly string[]): readonly string[] {
  const named = new Set(listElements(headerValues(rawHeaders, 'connection')).map((name) => name.toLowerCase()));
  const kept: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const key = name.toLowerCase();
    if (!HOP_BY_HOP.has(key) && !named.has(key)) kept.push(name, rawHeaders[i + 1] ?? '');
  }
  return kept;
}

/** Header lines as they go on the wire, each with its line end. */
export function headerLines(rawHeaders: readonly string[]): string {
  let text = '';
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) text += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return text;
}
