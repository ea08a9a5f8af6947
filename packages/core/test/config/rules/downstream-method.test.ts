import { describe, expect, it } from 'vitest';

import { fileWith, findings } from '../file-with.js';

describe('DownstreamHttpMethod', () => {
  it.each<[string, readonly string[]]>([
    ['post', []],
    ['', []],
    ['GET POST', ['error InvalidDownstreamMethod /Routes/0/DownstreamHttpMethod']],
    ['POST\r\n', []],
    ['P\nOST', ['error InvalidDownstreamMethod /Routes/0/DownstreamHttpMethod']],
    ['CONNECT', ['error InvalidDownstreamMethod /Routes/0/DownstreamHttpMethod']],
    ['PSOT', ['warning UnknownMethod /Routes/0/DownstreamHttpMethod']],
    ['X-OWN', ['warning UnknownMethod /Routes/0/DownstreamHttpMethod']],
  ])('is a method that can be sent (RFC 9110 §9.1): %j', (method, expected) => {
    expect(findings(fileWith({ DownstreamHttpMethod: method }))).toEqual(expected);
  });
});
