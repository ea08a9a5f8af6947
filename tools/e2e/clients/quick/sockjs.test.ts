import { describeSockJs } from '../src/specs/sockjs.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';

for (const layout of QUICK_LAYOUTS) describeSockJs(layout);
