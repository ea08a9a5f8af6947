import type { Exchange } from '../contracts/exchange.js';
import { TRACE_ID } from './known-slots.js';

/** An entry of a header transform, read. */
export interface Instruction {
  /** What is looked for; undefined when the header is set or added. */
  readonly find: string | undefined;
  /** What it becomes, or around which placeholder that is written. */
  readonly text: string | PlaceholderText;
}

/** A text with one placeholder. */
export interface PlaceholderText {
  readonly before: string;
  /** With its braces. */
  readonly placeholder: string;
  readonly behind: string;
}

/**
 * Reads an instruction by Ocelot's rules (HeaderFindAndReplaceCreator, AddHeadersToRequest). With a comma it is `find,
 * replace`: cut at the commas, `find` as it stands, `replace` without blanks in front, further parts ignored. Without
 * one it is a value. A value that as a whole is `{Placeholder}` has one; a replacement may have one anywhere.
 */
export function readInstruction(instruction: string): Instruction {
  const [find = '', replace] = instruction.split(',');
  if (replace === undefined) {
    const isPlaceholder = instruction.startsWith('{') && instruction.endsWith('}');
    return {
      find: undefined,
      text: isPlaceholder ? { before: '', placeholder: instruction, behind: '' } : instruction,
    };
  }
  const text = replace.trimStart();
  const from = text.indexOf('{');
  const to = text.indexOf('}', from);
  if (from < 0 || to < 0) return { find, text };
  return {
    find,
    text: { before: text.slice(0, from), placeholder: text.slice(from, to + 1), behind: text.slice(to + 1) },
  };
}

/** Placeholders that have a value (Ocelot: Placeholders.cs); compared with case, as there. */
export const PLACEHOLDERS: ReadonlySet<string> = new Set([
  '{BaseUrl}',
  '{RemoteIpAddress}',
  '{TraceId}',
  '{UpstreamHost}',
]);

/**
 * The value of a placeholder for one request: `{BaseUrl}`, `{RemoteIpAddress}` (the client behind trusted proxies),
 * `{UpstreamHost}` (the Host header), `{TraceId}` (where tracing is on).
 * @returns undefined when it is unknown, or has no value here: a client on a Unix-domain socket has no address.
 */
export function resolvePlaceholder(placeholder: string, exchange: Exchange, baseUrl: string): string | undefined {
  switch (placeholder) {
    case '{BaseUrl}':
      return baseUrl;
    case '{RemoteIpAddress}':
      return exchange.clientAddress === '' ? undefined : exchange.clientAddress;
    case '{UpstreamHost}':
      return exchange.request.authority === '' ? undefined : exchange.request.authority;
    case '{TraceId}':
      return exchange.get(TRACE_ID);
    default:
      return undefined;
  }
}
