import type { Violations } from './violations.js';

/** Lines that tell of the end of a connection. */
const END_LINES: ReadonlySet<unknown> = new Set(['session closed', 'upgrade refused', 'backend refused the upgrade']);

/** What is known of one admitted upgrade. */
interface Entry {
  lines: number;
  line: Readonly<Record<string, unknown>> | undefined;
  isDone: boolean;
}

/**
 * Holds the gateway's log to its promise: every admitted upgrade has exactly one line about its end, and that line says
 * who ended it and with which code. Entries go when both the line and the conversation's end have come.
 */
export class LogLedger {
  readonly #violations: Violations;
  readonly #mayLackCode: (conversation: number) => boolean;
  readonly #conversations = new Map<string, number>();
  readonly #entries = new Map<number, Entry>();
  readonly #codes: Record<string, number> = {};

  /** @param mayLackCode Whether the session of a conversation may end without any code. */
  constructor(violations: Violations, mayLackCode: (conversation: number) => boolean) {
    this.#violations = violations;
    this.#mayLackCode = mayLackCode;
  }

  /** Codes of the end lines so far, counted. */
  get codes(): Readonly<Record<string, number>> {
    return this.#codes;
  }

  /** Takes one line of standard error. */
  take(text: string): void {
    if (text === '') return;
    const line = parse(text);
    if (line === undefined) {
      this.#violations.add('log', `no log line: ${text.slice(0, 500)}`);
      return;
    }
    const { msg, level, exchange } = line;
    if (level === 'error' || level === 'fatal')
      this.#violations.add('log', `an error was logged: ${text.slice(0, 500)}`);
    if (msg === 'soak admitted' && typeof line['soak'] === 'number') {
      this.#conversations.set(String(exchange), line['soak']);
      this.#entry(line['soak']);
    } else if (END_LINES.has(msg)) this.#ended(line, String(exchange), text);
  }

  /** A conversation is over. @param answered Whether its client got a 101 or the refusal of an endpoint. */
  done(conversation: number, answered: boolean): void {
    const entry = answered ? this.#entry(conversation) : this.#entries.get(conversation);
    if (entry === undefined) return;
    entry.isDone = true;
    this.#settle(conversation, entry);
  }

  /** Everything must be accounted for now. Call it when the gateway has nothing open any more. */
  close(): void {
    for (const [conversation, { lines }] of this.#entries) {
      if (lines === 0) this.#violations.add('log', 'no line tells of the end of the connection', conversation);
    }
    this.#entries.clear();
    this.#conversations.clear();
  }

  #ended(line: Readonly<Record<string, unknown>>, exchange: string, text: string): void {
    const code = codeOf(line);
    this.#codes[code] = (this.#codes[code] ?? 0) + 1;
    const conversation = this.#conversations.get(exchange);
    if (conversation === undefined) {
      // Refused before a route was known, or by none; what has no code was never admitted.
      if (typeof line['code'] !== 'string') {
        this.#violations.add('log', `the end of an upgrade that nobody made: ${text.slice(0, 500)}`);
      }
      return;
    }
    this.#conversations.delete(exchange);
    const entry = this.#entry(conversation);
    entry.lines += 1;
    entry.line = line;
    if (entry.lines > 1)
      this.#violations.add('log', `a second line about one end: ${text.slice(0, 500)}`, conversation);
    if (!this.#saysWhy(line, conversation))
      this.#violations.add('log', `a line without a reason: ${text.slice(0, 500)}`, conversation);
    this.#settle(conversation, entry);
  }

  /** A session names who ended it, and a code; a refusal has a code and a status. */
  #saysWhy(line: Readonly<Record<string, unknown>>, conversation: number): boolean {
    if (line['msg'] === 'session closed') {
      return typeof line['closedBy'] === 'string' && (codeOf(line) !== 'none' || this.#mayLackCode(conversation));
    }
    if (line['msg'] === 'upgrade refused' && typeof line['code'] !== 'string') return false;
    return typeof line['status'] === 'number';
  }

  #entry(conversation: number): Entry {
    const known = this.#entries.get(conversation) ?? { lines: 0, line: undefined, isDone: false };
    this.#entries.set(conversation, known);
    return known;
  }

  #settle(conversation: number, entry: Entry): void {
    if (entry.isDone && entry.lines > 0) this.#entries.delete(conversation);
  }
}

function codeOf(line: Readonly<Record<string, unknown>>): string {
  const code = line['code'] ?? line['closeCode'] ?? line['status'];
  return typeof code === 'string' || typeof code === 'number' ? String(code) : 'none';
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
