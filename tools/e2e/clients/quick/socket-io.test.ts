import { describeSocketIo } from '../src/specs/socket-io.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';
import { AFFINITY_COOKIE } from '../src/sticky.ts';

for (const layout of QUICK_LAYOUTS) describeSocketIo(layout, AFFINITY_COOKIE);
