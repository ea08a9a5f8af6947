import { describeGraphqlWs } from '../src/specs/graphql-ws.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';

for (const layout of QUICK_LAYOUTS) describeGraphqlWs(layout);
