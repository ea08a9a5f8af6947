import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

import type { ExitCode } from '../../src/exit-codes.js';
import { main } from '../../src/main.js';
import { type ScriptedTerminal, scriptedTerminal } from '../scripted-terminal.js';

/** `ocelot run` in this process, with everything a test asks of it. */
export interface Running {
  readonly terminal: ScriptedTerminal;
  readonly port: number;
  /** What the command ended with. */
  readonly ended: Promise<ExitCode>;
}

/** Writes `config` as ocelot.json into an empty folder and runs it on a free port; ended at the end of the test. */
export async function running(config: unknown, ...flags: readonly string[]): Promise<Running> {
  const terminal = await scriptedTerminal();
  await writeConfig(terminal, config);
  return start(terminal, ...flags);
}

/** Runs the command in the folder of `terminal`. */
export async function start(terminal: ScriptedTerminal, ...flags: readonly string[]): Promise<Running> {
  const ended = main(['run', '--port', '0', '--log-format', 'json', ...flags], terminal);
  onTestFinished(async () => {
    terminal.send('SIGTERM');
    terminal.send('SIGTERM');
    await ended;
  });
  const [, port] = await terminal.until(/^listening on http:\/\/127\.0\.0\.1:(\d+)$/m);
  return { terminal, port: Number(port), ended };
}

/** Puts `config` into ocelot.json of the terminal's folder. */
export async function writeConfig(terminal: ScriptedTerminal, config: unknown): Promise<void> {
  await writeFile(join(terminal.cwd, 'ocelot.json'), JSON.stringify(config));
}

/** An open WebSocket, cut at the end of the test. */
export async function openSocket(port: number, path: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  onTestFinished(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

/** The status with which an upgrade is refused. */
export async function refusal(port: number, path: string): Promise<number | undefined> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { readonly statusCode?: number }];
  socket.on('error', () => undefined).terminate();
  return response.statusCode;
}
