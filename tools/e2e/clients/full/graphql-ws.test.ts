import { describeGraphqlWs } from '../src/specs/graphql-ws.ts';
import { FULL_LAYOUTS } from '../src/stand.ts';

for (const layout of FULL_LAYOUTS) describeGraphqlWs(layout);
