import { describeSharedConnection } from '../src/specs/http2-sockets.ts';
import { LAYOUTS } from '../src/stand.ts';

for (const layout of LAYOUTS.filter(({ secure, backends }) => secure && backends === 2))
  describeSharedConnection(layout);
