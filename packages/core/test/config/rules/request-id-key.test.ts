import { describe, expect, it } from 'vitest';

import { fileWith, findings } from '../file-with.js';

describe('RequestIdKey', () => {
  it.each(['X-Request-Id', 'OcRequestId', 'correlation_id', '', '  '])('may be %j', (RequestIdKey) => {
    expect(findings(fileWith({ RequestIdKey }, { RequestIdKey }))).toEqual([]);
  });

  it.each(['X Request', 'X:Id', 'Connection', 'Host', 'Content-Length', 'Sec-WebSocket-Key', 'Transfer_Encoding'])(
    'cannot be %j: no header of that name may be written',
    (RequestIdKey) => {
      expect(findings(fileWith({ RequestIdKey }))).toEqual(['error InvalidHeaderName /Routes/0/RequestIdKey']);
      expect(findings(fileWith({}, { RequestIdKey }))).toEqual([
        'error InvalidHeaderName /GlobalConfiguration/RequestIdKey',
      ]);
    },
  );
});
