import { describeSignalR } from '../src/specs/signalr.ts';
import { FULL_LAYOUTS, QUICK_LAYOUTS } from '../src/stand.ts';
import { AFFINITY_COOKIE, consistentHash } from '../src/sticky.ts';

for (const layout of FULL_LAYOUTS) describeSignalR(layout, AFFINITY_COOKIE);
for (const layout of QUICK_LAYOUTS) describeSignalR(layout, consistentHash('address'));
