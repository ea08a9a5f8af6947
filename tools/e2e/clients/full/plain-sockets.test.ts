import { describePlainSockets } from '../src/specs/plain-sockets.ts';
import { FULL_LAYOUTS } from '../src/stand.ts';

for (const layout of FULL_LAYOUTS) describePlainSockets(layout);
