// What a worker process of `ocelot run --workers` executes. Not for people: it takes its orders from the primary.
import { processTerminal } from './terminal.js';
import { serve } from './workers/serve.js';
import { boundYoungGeneration } from './young-generation.js';

// A terminal's Ctrl-C, a closed terminal and many supervisors reach every process of the group: the primary answers,
// and tells the workers.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

boundYoungGeneration();
const code = await serve(processTerminal());
process.stderr.write('', () => setImmediate(() => process.exit(code)));
