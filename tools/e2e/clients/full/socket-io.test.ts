import { describeSocketIo } from '../src/specs/socket-io.ts';
import { FULL_LAYOUTS, QUICK_LAYOUTS } from '../src/stand.ts';
import { AFFINITY_COOKIE, consistentHash, cookieStickySessions } from '../src/sticky.ts';

for (const layout of FULL_LAYOUTS) describeSocketIo(layout, AFFINITY_COOKIE);
for (const layout of QUICK_LAYOUTS)
  for (const sticky of [cookieStickySessions('io'), consistentHash('query:user')]) describeSocketIo(layout, sticky);
