import { describe, expect, it } from 'vitest';

import { fileWith, findings } from '../file-with.js';

describe('BaseUrl', () => {
  it.each<[string, readonly string[]]>([
    ['https://api.example.com', []],
    ['http://localhost:5000/', []],
    ['http://[::1]:5000/prefix', []],
    ['api.example.com', ['warning SuspiciousBaseUrl /GlobalConfiguration/BaseUrl']],
    ['https://user@a', ['warning SuspiciousBaseUrl /GlobalConfiguration/BaseUrl']],
    ['https://a?b', ['warning SuspiciousBaseUrl /GlobalConfiguration/BaseUrl']],
    ['https://a\r\nX: y', ['error InvalidBaseUrl /GlobalConfiguration/BaseUrl']],
    ['https://ä.example', ['error InvalidBaseUrl /GlobalConfiguration/BaseUrl']],
  ])('is a URL that can stand in a header: %j', (url, expected) => {
    expect(findings(fileWith({}, { BaseUrl: url }))).toEqual(expected);
  });
});
