import { neededProgram } from '../src/needed-program.ts';
import { describeNats } from '../src/specs/nats.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';

const server = await neededProgram('nats-server');

for (const layout of QUICK_LAYOUTS) describeNats(server, layout);
