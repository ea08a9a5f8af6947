// Compares every generated file with what its generator says now; `--write` writes them.
//
// Why it exists: references that are kept by hand go stale. What can become wrong is generated from the source, and
// this check fails when somebody changed the source and forgot `npm run generate`.
//
// A generator is a file `generate-NAME.mjs` in this folder that exports `generate(): { path, content }[]` (or a promise
// of it), paths relative to the repository. It may also export `check(): string[]`, further problems of its subject.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { ROOT, read, report } from './project.mjs';

if (!existsSync(join(ROOT, 'packages/cli/dist/bin.js'))) {
  console.error('generated: nothing is built yet. Run: npm run build');
  process.exit(1);
}

const write = process.argv.includes('--write');
const problems = [];
let count = 0;
for (const file of readdirSync(import.meta.dirname).toSorted()) {
  if (!/^generate-.*\.mjs$/.test(file)) continue;
  const generator = await import(`./${file}`);
  for (const { path, content } of await generator.generate()) {
    count += 1;
    if (existsSync(join(ROOT, path)) && read(path) === content) continue;
    if (write) {
      mkdirSync(dirname(join(ROOT, path)), { recursive: true });
      writeFileSync(join(ROOT, path), content);
      console.log(`wrote ${path}`);
    } else {
      problems.push(`${path}: differs from what tools/checks/${file} makes. Run: npm run generate`);
    }
  }
  problems.push(...((await generator.check?.()) ?? []));
}
report('generated', problems, `${count} files are as their generators make them`);
