import { readFile } from 'node:fs/promises';

import { ERROR_CATALOGUE } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { CLOSE_TABLE, type CloseRule, closeRule, type Farewell } from '../src/close-table.js';
import { isSendableCloseCode } from '../src/frames/close-codes.js';

const DOCUMENT = new URL('../../../docs/architecture/close-and-drain.md', import.meta.url);

/** What a side gets, in the words of the document. */
function words(farewell: Farewell): string {
  if (farewell.kind === 'nothing') return 'nothing';
  if (farewell.kind === 'relayed') return "the other side's Close";
  if (farewell.kind === 'fin') return 'FIN';
  return `Close ${farewell.code} at a ${farewell.at} boundary`;
}

function row({ event, when, toClient, toBackend, closedBy, errorCode }: CloseRule): readonly string[] {
  const code = errorCode === undefined ? 'none' : `\`${errorCode.replace('OCELOT_ERR_', '')}\``;
  return [`\`${event}\``, when, words(toClient), words(toBackend), closedBy, code];
}

/** The rows of the table under a heading, cells trimmed. */
function tableUnder(text: string, heading: string): readonly (readonly string[])[] {
  const section = text.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('the close table', () => {
  it('stands in the documentation, row for row', async () => {
    const text = await readFile(DOCUMENT, 'utf8');
    expect(tableUnder(text, 'The rules')).toEqual(CLOSE_TABLE.map(row));
  });

  it('has one row for each event', () => {
    expect(new Set(CLOSE_TABLE.map(({ event }) => event)).size).toBe(CLOSE_TABLE.length);
    for (const rule of CLOSE_TABLE) expect(closeRule(rule.event)).toBe(rule);
  });

  it('leaves no side without an end: each gets a Close, a FIN, or is the one that has gone', () => {
    const without = (side: 'toClient' | 'toBackend'): readonly string[] =>
      CLOSE_TABLE.filter((rule) => rule[side].kind === 'nothing').map(({ event }) => event);
    expect(without('toClient')).toEqual(['client.lost', 'client.silent', 'client.end', 'cut']);
    expect(without('toBackend')).toEqual(['backend.lost', 'backend.silent', 'backend.end', 'cut']);
  });

  it('sends no code that must not be sent (RFC 6455 §7.4)', () => {
    const farewells = CLOSE_TABLE.flatMap(({ toClient, toBackend }) => [toClient, toBackend]);
    const codes = farewells.flatMap((farewell) => (farewell.kind === 'close' ? [farewell.code] : []));
    expect(codes.every((code) => code === 'given' || isSendableCloseCode(code))).toBe(true);
  });

  it('takes its codes from the catalogue of errors', () => {
    const rule = (event: CloseRule['event']): unknown => {
      const { toClient, toBackend } = closeRule(event);
      return event.startsWith('client') ? toBackend : toClient;
    };
    expect(rule('client.lost')).toMatchObject({ code: ERROR_CATALOGUE.OCELOT_ERR_CLIENT_GONE.closeCode });
    expect(rule('backend.lost')).toMatchObject({ code: ERROR_CATALOGUE.OCELOT_ERR_BACKEND_LOST.closeCode });
    expect(rule('backend.silent')).toMatchObject({ code: ERROR_CATALOGUE.OCELOT_ERR_PEER_SILENT.closeCode });
    for (const event of ['idle', 'app-idle', 'lifetime', 'hook'] as const) {
      const { errorCode } = closeRule(event);
      if (errorCode === undefined || errorCode === 'given') expect.unreachable();
      else expect(rule(event)).toMatchObject({ code: ERROR_CATALOGUE[errorCode].closeCode });
    }
  });
});
