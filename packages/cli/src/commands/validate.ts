import { ConfigError, type ConfigIssue, inspectConfiguration } from '@ocelot/core';

import { checkTlsFiles } from '../check-tls-files.js';
import { type CommandInputs, type PluginFlags, readInputs } from '../command-inputs.js';
import { placedIssue } from '../config-place.js';
import { checkAdmin } from '../control/check-admin.js';
import { describeIssues } from '../describe-issues.js';
import { dryRun } from '../dry-run.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { supportedKeys } from '../supported-keys.js';
import type { Terminal } from '../terminal.js';
import { trialLog } from '../trial-log.js';

/**
 * `ocelot validate`: every problem of a configuration at once; for people on stderr, or as one JSON object on stdout.
 * @throws CommandError when a file or a plugin is missing or cannot be read.
 */
export async function validate(
  paths: readonly string[],
  flags: PluginFlags & { readonly json?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const inputs = await readInputs(paths, flags, terminal);
  const { names } = inputs;
  const issues = await allIssues(inputs, terminal);
  const valid = issues.every((issue) => issue.severity !== 'error');
  if (flags.json) {
    terminal.stdout.write(`${JSON.stringify({ valid, files: names, issues }, undefined, 2)}\n`);
  } else {
    if (issues.length > 0) terminal.stderr.write(describeIssues(issues, terminal));
    const verdict = valid ? 'the configuration can be used' : 'the configuration cannot be used';
    terminal.stdout.write(`${names.join(' + ')}: ${verdict}\n`);
  }
  return valid ? EXIT_CODES.done : EXIT_CODES.invalid;
}

/** What the file alone shows, then what shows only when it is compiled with its plugins. */
async function allIssues({ document, plugins }: CommandInputs, terminal: Terminal): Promise<readonly ConfigIssue[]> {
  const inspected = inspectConfiguration(document, { supportedKeys: supportedKeys(plugins) });
  const { config } = inspected;
  if (config === undefined) return inspected.issues;
  const issues = [
    ...inspected.issues,
    ...(await checkTlsFiles(config, document)),
    ...(await checkAdmin(config, document, terminal)),
  ];
  const ofPlugins: ConfigIssue[] = [];
  try {
    const gateway = await dryRun(config, plugins, { log: trialLog((issue) => ofPlugins.push(issue)) });
    await gateway.drain({ deadlineMs: 0, spreadMs: 0 });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    ofPlugins.push(...error.issues);
  }
  return [...issues, ...ofPlugins.map((issue) => placedIssue(issue, document))];
}
