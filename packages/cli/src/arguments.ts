import { createRequire } from 'node:module';

import { Command, InvalidArgumentError, Option } from 'commander';

import type { PluginFlags } from './command-inputs.js';
import { explain } from './commands/explain.js';
import { init } from './commands/init.js';
import { routes } from './commands/routes.js';
import { type RunFlags, run } from './commands/run.js';
import { validate } from './commands/validate.js';
import type { ExitCode } from './exit-codes.js';
import { failingAsJson } from './failure-report.js';
import * as help from './help-texts.js';
import { LOG_FORMATS, LOG_LEVELS } from './log.js';
import { type Terminal, isColourful } from './terminal.js';
import { parseWorkers } from './worker-count.js';

/** Help is cut at this width everywhere, so that the reference made from it does not depend on a window. */
const HELP_WIDTH = 100;

/**
 * The command line as commander reads it. Errors are thrown as CommanderError, after their message was printed.
 * @param done told what the command that ran ended with.
 */
export function createProgram(terminal: Terminal, done: (code: ExitCode) => void): Command {
  const json = (flags: JsonFlags, command: () => Promise<ExitCode>): Promise<ExitCode> =>
    failingAsJson(flags.json, terminal, command);
  const program = new Command('ocelot')
    .description(help.DESCRIPTION)
    .version(version(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print help; after a command: the help of that command')
    .helpCommand('help [COMMAND]', 'print help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text),
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
      getOutHasColors: () => isColourful(terminal.stdout, terminal.env),
      getErrHasColors: () => isColourful(terminal.stderr, terminal.env),
    })
    .showHelpAfterError('Run ocelot --help, or ocelot COMMAND --help, to see what there is.')
    .addHelpText('after', help.EPILOGUE);

  withFiles(program.command('run'), 'start the gateway', help.RUN)
    .option('--host <H>', 'address to listen on; 0.0.0.0 for all; or a Unix socket: unix:/PATH', parseHost, '127.0.0.1')
    .option('--port <P>', 'port to listen on; 0 for any free one', parsePort, 5000)
    .option('--socket-mode <MODE>', 'permissions of a Unix socket, in octal: 660; default: by the umask', parseMode)
    .option('--workers <N>', 'processes that share the port; auto: one for each processor', parseWorkers, 1)
    .addOption(new Option('--log-format <F>', 'default: pretty on a terminal, else json').choices(LOG_FORMATS))
    .addOption(new Option('--log-level <L>', 'least severe line to log').choices(LOG_LEVELS).default('info'))
    .option('--require-discovery', 'end with 1 when the service registry cannot be reached at start')
    .option('--watch', 'reload when a configuration file changes')
    .addHelpText('after', help.RUN_EPILOGUE)
    .action(async (files: readonly string[], flags: RunFlags) => done(await run(files, flags, terminal)));

  withFiles(program.command('validate'), 'list every problem of a configuration', help.VALIDATE)
    .option('--json', 'print { "valid", "files", "issues" } on stdout')
    .addHelpText('after', help.VALIDATE_EPILOGUE)
    .action(async (files: readonly string[], flags: JsonFlags) =>
      done(await json(flags, () => validate(files, flags, terminal))),
    );

  withFiles(program.command('routes'), 'print the compiled routes in matching order', help.ROUTES)
    .option('--json', 'print { "routes", "dynamic" } on stdout')
    .addHelpText('after', help.ROUTES_EPILOGUE)
    .action(async (files: readonly string[], flags: JsonFlags) =>
      done(await json(flags, () => routes(files, flags, terminal))),
    );

  withFlags(program.command('explain'))
    .summary('tell which route answers a request, and why')
    .description(help.EXPLAIN)
    .argument('<METHOD>', 'GET for every WebSocket')
    .argument('<URL>', 'path (/chat?room=1) or whole address (ws://example.com/chat)')
    .argument('[FILE...]', help.FILES)
    .option('--header <N: v>', "header of the request, as 'Name: value'; may be repeated", collect)
    .option('--websocket', 'the request is a WebSocket upgrade; taken for granted with ws:// and wss://')
    .option('--json', 'print { "request", "matched", "params", "routes", "demands", "backend", "refusal" } on stdout')
    .addHelpText('after', help.EXPLAIN_EPILOGUE)
    .action(async (method: string, url: string, files: readonly string[], flags: ExplainFlags) =>
      done(await json(flags, () => explain(files, { ...flags, method, url }, terminal))),
    );

  program
    .command('init')
    .summary('write a commented ocelot.json to start from')
    .description(help.INIT)
    .argument('[FILE]', 'file to write', 'ocelot.json')
    .option('--force', 'replace the file if it exists')
    .addHelpText('after', help.INIT_EPILOGUE)
    .action(async (file: string, flags: { force?: boolean }) => done(await init(file, flags, terminal)));

  return program;
}

type JsonFlags = PluginFlags & { readonly json?: boolean };
type ExplainFlags = JsonFlags & { readonly header?: readonly string[]; readonly websocket?: boolean };

function withFiles(command: Command, summary: string, description: string): Command {
  return withFlags(command).summary(summary).description(description).argument('[FILE...]', help.FILES);
}

/** What every command that reads a configuration has. */
function withFlags(command: Command): Command {
  return command
    .option('--config-module <M>', 'module with plugins; ocelot.config.{mjs,js,ts} in this folder is found by itself')
    .option('--plugin <SPEC>', 'plugin by package name or path; may be repeated', collect);
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** Node takes an empty host for every interface, so a variable that is not set would open the gateway to the world. */
function parseHost(text: string): string {
  const host = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (host.trim() === '') throw new InvalidArgumentError('It is empty; write 0.0.0.0 for all addresses.');
  return host;
}

function parseMode(text: string): number {
  if (!/^0?[0-7]{3}$/.test(text)) throw new InvalidArgumentError('It is three octal digits, such as 660.');
  return Number.parseInt(text, 8);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('It is a number from 0 to 65535.');
  return port;
}

function version(): string {
  const manifest = createRequire(import.meta.url)('../package.json') as { readonly version: string };
  return manifest.version;
}
