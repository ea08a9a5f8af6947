import { describe, expect, it } from 'vitest';

import { fileWith, findings } from '../file-with.js';

describe('UseCookieContainer', () => {
  it('is named and not acted on, since it would put all clients into one session', () => {
    const options = { HttpHandlerOptions: { UseCookieContainer: true } };
    expect(findings(fileWith(options))).toEqual([
      'warning NotSupportedYet /Routes/0/HttpHandlerOptions/UseCookieContainer',
    ]);
    expect(findings(fileWith({}, options))).toEqual([
      'warning NotSupportedYet /GlobalConfiguration/HttpHandlerOptions/UseCookieContainer',
    ]);
    expect(findings(fileWith({ HttpHandlerOptions: { UseCookieContainer: false } }))).toEqual([]);
  });
});
