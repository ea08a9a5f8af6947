import { setImmediate as nextTurn } from 'node:timers/promises';

import { expect, it } from 'vitest';

import { gatheredOutput } from '../src/gathered-output.js';

interface Written {
  readonly texts: string[];
  readonly flushAtExit: () => void;
  readonly write: (text: string) => void;
}

function written(): Written {
  const texts: string[] = [];
  let atExit = (): void => undefined;
  const output = gatheredOutput({ write: (text) => void texts.push(text) }, (flush) => {
    atExit = flush;
  });
  return { texts, flushAtExit: () => atExit(), write: (text) => void output.write(text) };
}

it('writes the lines of one turn at once, in their order', async () => {
  const { texts, write } = written();
  write('one\n');
  write('two\n');
  expect(texts).toEqual([]);
  await nextTurn();
  expect(texts).toEqual(['one\ntwo\n']);
  write('three\n');
  await nextTurn();
  expect(texts).toEqual(['one\ntwo\n', 'three\n']);
});

it('holds no more than 64 Ki characters back', () => {
  const { texts, write } = written();
  write('x'.repeat(65_536));
  expect(texts).toHaveLength(1);
});

it('writes what is left when the process ends', () => {
  const { texts, write, flushAtExit } = written();
  write('last words\n');
  flushAtExit();
  flushAtExit();
  expect(texts).toEqual(['last words\n']);
});
