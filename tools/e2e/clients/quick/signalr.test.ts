import { describeSignalR } from '../src/specs/signalr.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';
import { AFFINITY_COOKIE } from '../src/sticky.ts';

for (const layout of QUICK_LAYOUTS) describeSignalR(layout, AFFINITY_COOKIE);
