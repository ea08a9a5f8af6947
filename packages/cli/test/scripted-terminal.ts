import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import type { Terminal, TerminalSignal } from '../src/terminal.js';

/** A terminal that remembers what was written and sends signals when told. */
export interface ScriptedTerminal extends Terminal {
  /** All of stdout. */
  out(): string;
  /** All of stderr. */
  err(): string;
  send(signal: TerminalSignal): void;
  /** How many listeners the signals have: none once a command is over. */
  listeners(): number;
  /** Fulfilled once stdout or stderr matches. Fails after five seconds, showing both. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
}

const PATIENCE_MS = 5_000;

/** A terminal in a new empty folder (or `cwd`), removed at the end of the test. */
export async function scriptedTerminal(
  options: { readonly env?: Record<string, string>; readonly cwd?: string } = {},
): Promise<ScriptedTerminal> {
  const cwd = options.cwd ?? (await temporaryFolder());
  const written = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  const listeners = new Map<TerminalSignal, Set<() => void>>();
  const output = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      written[name] += text;
      for (const look of watchers) look();
    },
  });
  return {
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: options.env ?? {},
    cwd,
    onSignal(signal, listener) {
      const set = listeners.get(signal) ?? new Set();
      listeners.set(signal, set.add(listener));
      return () => set.delete(listener);
    },
    reportCrashes: () => undefined,
    out: () => written.stdout,
    err: () => written.stderr,
    send(signal) {
      for (const listener of listeners.get(signal) ?? []) listener();
    },
    listeners: () => [...listeners.values()].reduce((sum, set) => sum + set.size, 0),
    until(pattern) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(written.stdout) ?? pattern.exec(written.stderr);
          if (match === null) return;
          clearTimeout(timer);
          watchers.delete(look);
          resolve(match);
        };
        const timer = setTimeout(() => {
          watchers.delete(look);
          reject(
            new Error(`${String(pattern)} was not written.\nstdout: ${written.stdout}\nstderr: ${written.stderr}`),
          );
        }, PATIENCE_MS);
        watchers.add(look);
        look();
      });
    },
  };
}

/** A folder of its own for this test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ocelot-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
