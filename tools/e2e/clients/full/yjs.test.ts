import { describeYjs } from '../src/specs/yjs.ts';
import { FULL_LAYOUTS } from '../src/stand.ts';

for (const layout of FULL_LAYOUTS) describeYjs(layout);
