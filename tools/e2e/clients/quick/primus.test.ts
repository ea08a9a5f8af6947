import { describePrimus } from '../src/specs/primus.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';

for (const layout of QUICK_LAYOUTS) describePrimus(layout);
