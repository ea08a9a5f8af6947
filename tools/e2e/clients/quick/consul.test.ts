import { HttpTransportType } from '@microsoft/signalr';

import { signalr, socketIo } from '../src/sessions.ts';
import { describeConsul } from '../src/specs/consul.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';
import { AFFINITY_COOKIE as sticky } from '../src/sticky.ts';

for (const layout of QUICK_LAYOUTS)
  describeConsul(layout, [
    { way: socketIo('polling first, then an upgrade', ['polling', 'websocket']), sticky },
    { way: signalr('WebSockets after negotiate', HttpTransportType.WebSockets), sticky },
  ]);
