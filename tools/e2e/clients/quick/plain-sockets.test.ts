import { describePlainSockets } from '../src/specs/plain-sockets.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';

for (const layout of QUICK_LAYOUTS) describePlainSockets(layout);
