import { describeSockJs } from '../src/specs/sockjs.ts';
import { FULL_LAYOUTS } from '../src/stand.ts';

for (const layout of FULL_LAYOUTS) describeSockJs(layout);
