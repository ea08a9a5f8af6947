import { describe, expect, it } from 'vitest';

import { fileWith, findings } from '../file-with.js';

describe('UseCookieContainer', () => {
  it('is named, since it puts all clients into one session', () => {
    const options = { HttpHandlerOptions: { UseCookieContainer: true } };
    expect(findings(fileWith(options))).toEqual([
      'warning SharedCookies /Routes/0/HttpHandlerOptions/UseCookieContainer',
    ]);
    expect(findings(fileWith({}, options))).toEqual([
      'warning SharedCookies /GlobalConfiguration/HttpHandlerOptions/UseCookieContainer',
    ]);
  });
});
