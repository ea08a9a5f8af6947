import { describeGatewayRestart } from '../src/specs/gateway-restart.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';

for (const layout of QUICK_LAYOUTS) describeGatewayRestart(layout);
