#!/usr/bin/env node
import { main } from './main.js';
import { processTerminal } from './terminal.js';

const code = await main(process.argv.slice(2), processTerminal());
// The empty write lets a pipe take what was written before, and the turn after it lets a failed write be reported; the
// process then ends even if a plugin left a timer.
process.stdout.write('', () => setImmediate(() => process.exit(code)));
