import { HttpTransportType } from '@microsoft/signalr';

import { signalr, socketIo } from '../src/sessions.ts';
import { describeConsul } from '../src/specs/consul.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';
import { AFFINITY_COOKIE, cookieStickySessions } from '../src/sticky.ts';

const UPGRADE = socketIo('polling first, then an upgrade', ['polling', 'websocket']);
const POLLING = socketIo('polling only', ['polling']);
const BY_IO = cookieStickySessions('io');

for (const layout of QUICK_LAYOUTS)
  describeConsul(layout, [
    { way: UPGRADE, sticky: BY_IO },
    { way: POLLING, sticky: AFFINITY_COOKIE },
    { way: POLLING, sticky: BY_IO },
    { way: signalr('Server-Sent Events', HttpTransportType.ServerSentEvents), sticky: AFFINITY_COOKIE },
    { way: signalr('long polling', HttpTransportType.LongPolling), sticky: AFFINITY_COOKIE },
  ]);
