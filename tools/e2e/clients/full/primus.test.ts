import { describePrimus } from '../src/specs/primus.ts';
import { FULL_LAYOUTS } from '../src/stand.ts';

for (const layout of FULL_LAYOUTS) describePrimus(layout);
