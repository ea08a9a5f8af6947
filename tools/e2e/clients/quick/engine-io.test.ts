import { describeEngineIo } from '../src/specs/engine-io.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';
import { consistentHash } from '../src/sticky.ts';

for (const layout of QUICK_LAYOUTS) describeEngineIo(layout, consistentHash('query:user'));
