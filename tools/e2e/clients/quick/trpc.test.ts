import { describeTrpc } from '../src/specs/trpc.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';

for (const layout of QUICK_LAYOUTS) describeTrpc(layout);
