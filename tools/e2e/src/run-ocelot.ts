import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The built command, as a user runs it. */
const BIN = fileURLToPath(new URL('../../../packages/cli/dist/bin.js', import.meta.url));

/** Longest wait for a process to say or do something. */
const LIMIT_MS = 15_000;

/** What a finished command left behind. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running gateway process. */
export interface RunningOcelot {
  /** `127.0.0.1:port`, without a scheme. */
  readonly authority: string;
  /** 0 for a Unix-domain socket. */
  readonly port: number;
  /** Everything printed so far. */
  output(): Finished;
  /** Log lines so far, parsed. */
  logs(): readonly Record<string, unknown>[];
  /** The first log line that `wanted` accepts, waited for. */
  log(wanted: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  /** Puts another configuration into the file; nobody is told. */
  write(config: object): Promise<void>;
  /** Puts another configuration into the file and waits until it is in force. */
  reload(config: object): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Waits for the process's end. */
  ended(): Promise<Finished>;
  /** SIGTERM, then the end. */
  stop(): Promise<Finished>;
}

/** A folder that is removed with everything in it. */
export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'ocelot-e2e-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

interface Collected {
  readonly child: ChildProcess;
  readonly output: () => Finished;
  readonly ended: Promise<Finished>;
}

function start(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Collected {
  const child = spawn(process.execPath, ['--unhandled-rejections=strict', BIN, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
  const output = (): Finished => ({ code: child.exitCode, stdout, stderr });
  const ended = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(output()));
  });
  return { child, output, ended };
}

async function within<T>(promise: Promise<T>, what: string, output: () => Finished): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const { stdout, stderr } = output();
      reject(new Error(`${what} did not happen within ${LIMIT_MS} ms.\nstdout:\n${stdout}\nstderr:\n${stderr}`));
    }, LIMIT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs the command to its end. */
export async function ocelot(
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Finished> {
  const { child, output, ended } = start(args, options.cwd ?? tmpdir(), options.env ?? {});
  try {
    return await within(ended, 'the end of the command', output);
  } finally {
    child.kill('SIGKILL');
  }
}

async function poll<T>(probe: () => T | undefined, what: string, output: () => Finished): Promise<T> {
  const until = Date.now() + LIMIT_MS;
  for (;;) {
    const found = probe();
    if (found !== undefined) return found;
    if (Date.now() > until) {
      const { stdout, stderr } = output();
      throw new Error(`${what} did not happen within ${LIMIT_MS} ms.\nstdout:\n${stdout}\nstderr:\n${stderr}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function parseLogs(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Starts a gateway on a free port with the given `ocelot.json` and waits until it accepts. */
export async function runOcelot(
  config: object,
  options: { readonly args?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<RunningOcelot> {
  const folder = await temporaryFolder();
  const file = join(folder.path, 'ocelot.json');
  await writeFile(file, JSON.stringify(config, null, 2));
  const args = ['run', file, '--port', '0', '--log-format', 'json', '--log-level', 'debug', ...(options.args ?? [])];
  const { child, output, ended } = start(args, folder.path, options.env ?? {});
  const gone = ended.then(() => folder.remove());
  gone.catch(() => undefined); // A spawn error is reported by whoever awaits `ended`.
  const listening = (): number | undefined => {
    const found = /listening on (?:https?:\/\/(?:[\d.]+|\[[\da-f:.]+\]):(\d+)|unix:\/)/.exec(output().stdout);
    if (found !== null) return Number(found[1] ?? 0);
    if (child.exitCode !== null) throw new Error(`the gateway exited with ${child.exitCode}:\n${output().stderr}`);
    return undefined;
  };
  const port = await poll(listening, 'the gateway accepting', output).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  const logs = (): Record<string, unknown>[] => parseLogs(output().stdout + output().stderr);
  return {
    authority: `127.0.0.1:${port}`,
    port,
    output,
    logs,
    log: (wanted) => poll(() => logs().find(wanted), 'the log line', output),
    write: (next) => writeFile(file, JSON.stringify(next, null, 2)),
    reload: async (next) => {
      const applied = (): number => logs().filter((line) => line.msg === 'configuration applied').length;
      const before = applied();
      await writeFile(file, JSON.stringify(next, null, 2));
      child.kill('SIGHUP');
      await poll(() => (applied() > before ? true : undefined), 'the reload', output);
    },
    signal: (name) => void child.kill(name),
    ended: () => within(ended, 'the end of the gateway', output),
    stop: async () => {
      child.kill('SIGTERM');
      try {
        return await within(ended, 'the end of the gateway', output);
      } finally {
        child.kill('SIGKILL');
        await gone;
      }
    },
  };
}
