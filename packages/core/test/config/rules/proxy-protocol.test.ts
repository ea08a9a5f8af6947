import { describe, expect, it } from 'vitest';

import { fileWith, findings } from '../file-with.js';

describe('ProxyProtocol', () => {
  it('needs to know whose word it takes', () => {
    const place = 'warning ProxyProtocolOfAnyone /GlobalConfiguration/Gateway/ProxyProtocol';
    expect(findings(fileWith({}, { Gateway: { ProxyProtocol: true } }))).toEqual([place]);
    expect(findings(fileWith({}, { Gateway: { ProxyProtocol: true, TrustedProxies: ['10.0.0.1'] } }))).toEqual([]);
  });
});
