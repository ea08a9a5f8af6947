import { describeYjs } from '../src/specs/yjs.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';

for (const layout of QUICK_LAYOUTS) describeYjs(layout);
