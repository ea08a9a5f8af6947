import { describe, expect, it } from 'vitest';

import { createLog } from '../src/log.js';
import { scriptedTerminal } from './scripted-terminal.js';

describe('createLog', () => {
  it('writes one JSON object per line to stderr and nothing to stdout', async () => {
    const terminal = await scriptedTerminal();
    const log = await createLog({ format: 'json', level: 'info' }, terminal);

    log.child({ exchange: 'x1' }).info({ route: 'chat' }, 'session closed');

    const line: unknown = JSON.parse(terminal.err());
    expect(line).toMatchObject({ level: 'info', exchange: 'x1', route: 'chat', msg: 'session closed' });
    expect(line).toHaveProperty('time', expect.stringMatching(/^\d{4}-\d\d-\d\dT/));
    expect(terminal.out()).toBe('');
  });

  it('takes json when nobody looks, pretty on a terminal', async () => {
    const piped = await scriptedTerminal();
    (await createLog({ level: 'info' }, piped)).info({}, 'hello');
    expect(piped.err()).toMatch(/^\{/);

    const watched = await scriptedTerminal({ env: { NO_COLOR: '1' } });
    const terminal = { ...watched, stderr: { ...watched.stderr, isTTY: true } };
    (await createLog({ level: 'info' }, terminal)).info({ route: 'chat' }, 'hello');
    expect(watched.err()).toMatch(/INFO.*hello.*chat/);
  });

  it('colours only for a terminal without NO_COLOR', async () => {
    const colourful = await scriptedTerminal({ env: { TERM: 'xterm' } });
    const terminal = { ...colourful, stderr: { ...colourful.stderr, isTTY: true } };
    (await createLog({ level: 'info' }, terminal)).info({}, 'hello');
    expect(colourful.err()).toContain('\u001B[');

    const plain = await scriptedTerminal({ env: { TERM: 'xterm', NO_COLOR: '1' } });
    (await createLog({ level: 'info' }, { ...plain, stderr: { ...plain.stderr, isTTY: true } })).info({}, 'hello');
    expect(plain.err()).not.toContain('\u001B[');
  });

  it('leaves out what is below its level', async () => {
    const terminal = await scriptedTerminal();
    const log = await createLog({ format: 'json', level: 'warn' }, terminal);

    log.info({}, 'not this');
    log.warn({}, 'but this');

    expect(terminal.err()).not.toContain('not this');
    expect(terminal.err()).toContain('but this');
  });

  it('names the worker on each line, or the one that a line is about, and never two', async () => {
    const terminal = await scriptedTerminal();
    const log = await createLog({ format: 'json', level: 'info', worker: 0 }, terminal);

    log.info({}, 'gateway started');
    log.child({ exchange: 'x1' }).info({ worker: 2 }, 'worker ended');

    const lines = terminal.err().trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { worker: number }).worker)).toEqual([0, 2]);
    expect(lines[1]?.match(/"worker"/g)).toHaveLength(1);
  });

  it('shows the cause of an error with its stack', async () => {
    const terminal = await scriptedTerminal();
    const log = await createLog({ format: 'json', level: 'info' }, terminal);

    log.error({ err: new Error('refused', { cause: new Error('no route to host') }) }, 'failed');

    expect(terminal.err()).toContain('no route to host');
  });
});
