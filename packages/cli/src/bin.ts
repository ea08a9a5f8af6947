#!/usr/bin/env node
import { main } from './main.js';
import { processTerminal } from './terminal.js';
import { boundYoungGeneration } from './young-generation.js';

/** A gateway that was told to stop ends although nobody reads its log. */
const UNREAD_LOG_MS = 2_000;

boundYoungGeneration();
const argv = process.argv.slice(2);
const code = await main(argv, processTerminal());
// Empty writes let pipes take what was written before, and the turn after them lets a failed write be reported. The
// process then ends even if a plugin left a timer. A person may take any time to read (`ocelot validate 2>&1 | less`).
if (argv[0] === 'run') setTimeout(() => process.exit(code), UNREAD_LOG_MS);
process.stderr.write('', () => process.stdout.write('', () => setImmediate(() => process.exit(code))));
