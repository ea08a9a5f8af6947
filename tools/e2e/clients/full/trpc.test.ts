import { describeTrpc } from '../src/specs/trpc.ts';
import { FULL_LAYOUTS } from '../src/stand.ts';

for (const layout of FULL_LAYOUTS) describeTrpc(layout);
