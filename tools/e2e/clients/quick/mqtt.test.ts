import { describeAedes } from '../src/specs/mqtt.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';

for (const layout of QUICK_LAYOUTS) describeAedes(layout);
