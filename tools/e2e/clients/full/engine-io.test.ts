import { describeEngineIo } from '../src/specs/engine-io.ts';
import { FULL_LAYOUTS, QUICK_LAYOUTS } from '../src/stand.ts';
import { AFFINITY_COOKIE, consistentHash, cookieStickySessions } from '../src/sticky.ts';

for (const layout of FULL_LAYOUTS) describeEngineIo(layout, consistentHash('query:user'));
for (const layout of QUICK_LAYOUTS)
  for (const sticky of [AFFINITY_COOKIE, cookieStickySessions('eio')]) describeEngineIo(layout, sticky);
