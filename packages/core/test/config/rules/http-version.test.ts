import { describe, expect, it } from 'vitest';

import { fileWith, findings } from '../file-with.js';

describe('DownstreamHttpVersion', () => {
  it.each<[string, readonly string[]]>([
    ['1.0', []],
    ['1,1', []],
    ['2', []],
    ['3.0', ['warning HttpVersionNotSpoken /Routes/0/DownstreamHttpVersion']],
    ['4.0', ['warning HttpVersionNotSpoken /Routes/0/DownstreamHttpVersion']],
    ['two', ['error HttpVersionFormat /Routes/0/DownstreamHttpVersion']],
  ])('says where another version is spoken: %j', (version, expected) => {
    expect(findings(fileWith({ DownstreamHttpVersion: version }))).toEqual(expected);
  });

  it('is looked at in the global section too, whose form Ocelot does not check', () => {
    const place = 'warning HttpVersionNotSpoken /GlobalConfiguration/DownstreamHttpVersion';
    expect(findings(fileWith({}, { DownstreamHttpVersion: '3.0' }))).toEqual([place]);
    expect(findings(fileWith({}, { DownstreamHttpVersion: 'two' }))).toEqual([place]);
  });
});
