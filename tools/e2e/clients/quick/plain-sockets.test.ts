import { describePlainSockets } from '../src/specs/plain-sockets.ts';
import { QUICK_LAYOUT } from '../src/stand.ts';

describePlainSockets(QUICK_LAYOUT);
