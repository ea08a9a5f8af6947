// Makes docs/reference/cli.md from what `ocelot --help` prints.
//
// Why it exists: the help is what people read first; a reference written beside it would contradict it by the second
// release.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { ROOT } from './project.mjs';

const COMMANDS = ['run', 'validate', 'routes', 'explain', 'init'];

function help(...command) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'packages/cli/dist/bin.js'), ...command, '--help'],
    { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' }, timeout: 30_000 },
  );
  if (status !== 0) throw new Error(`ocelot ${command.join(' ')} --help ended with ${status}: ${stderr}`);
  return stdout.trimEnd();
}

export function generate() {
  const lines = [
    '# The command line',
    '',
    '<!-- Generated from `ocelot --help` by tools/checks/generate-cli.mjs. -->',
    '',
    '```text',
    help(),
    '```',
  ];
  for (const command of COMMANDS) lines.push('', `## ocelot ${command}`, '', '```text', help(command), '```');
  return [{ path: 'docs/reference/cli.md', content: `${lines.join('\n')}\n` }];
}
