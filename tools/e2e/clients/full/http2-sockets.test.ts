import { describeHttp2Sockets } from '../src/specs/http2-sockets.ts';
import { LAYOUTS } from '../src/stand.ts';

for (const layout of LAYOUTS.filter(({ secure }) => secure)) describeHttp2Sockets(layout);
