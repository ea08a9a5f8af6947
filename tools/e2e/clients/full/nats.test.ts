import { neededProgram } from '../src/needed-program.ts';
import { describeNats } from '../src/specs/nats.ts';
import { FULL_LAYOUTS } from '../src/stand.ts';

const server = await neededProgram('nats-server');

for (const layout of FULL_LAYOUTS) describeNats(server, layout);
