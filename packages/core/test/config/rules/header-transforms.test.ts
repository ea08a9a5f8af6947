import { describe, expect, it } from 'vitest';

import { fileWith, findings } from '../file-with.js';

const UP = 'UpstreamHeaderTransform';
const DOWN = 'DownstreamHeaderTransform';

describe('header transforms', () => {
  it.each<[string, string, string]>([
    [UP, 'X-Forwarded-For', '{RemoteIpAddress}'],
    [UP, 'X-Forwarded-Host', '{UpstreamHost}'],
    [UP, 'X-A', ''],
    [UP, 'X-A', 'find, replace'],
    [UP, 'Referer', 'http://a, {BaseUrl}/b'],
    [DOWN, 'Location', '{DownstreamBaseUrl}, {BaseUrl}'],
    [DOWN, 'Location', 'http://localhost:5001, {BaseUrl}'],
    [DOWN, 'X-A', 'café'],
  ])('say nothing of %s "%s": %j', (key, name, instruction) => {
    expect(findings(fileWith({ [key]: { [name]: instruction } }, { BaseUrl: 'https://a' }))).toEqual([]);
  });

  it.each<[string, string, string, string]>([
    [UP, 'X A', 'a', 'error InvalidHeaderName'],
    [UP, '', 'a', 'error InvalidHeaderName'],
    [UP, 'X-A', 'a\r\nX-B: b', 'error InvalidHeaderValue'],
    [DOWN, 'X-A', 'find, \u0000', 'error InvalidHeaderValue'],
    [UP, 'X-A', 'Привет', 'error InvalidHeaderValue'],
    [UP, 'Host', 'a.example', 'warning HeaderNotTransformed'],
    [UP, 'connection', 'close', 'warning HeaderNotTransformed'],
    [UP, 'Sec-WebSocket-Protocol', 'chat', 'warning HeaderNotTransformed'],
    [DOWN, 'Content-Length', '0', 'warning HeaderNotTransformed'],
    [DOWN, 'Transfer_Encoding', 'chunked', 'warning HeaderNotTransformed'],
    [UP, 'X-A', '{SpanId}', 'warning UnknownPlaceholder'],
    [UP, 'X-A', '{baseurl}', 'warning UnknownPlaceholder'],
    [UP, 'X-A', 'a, {DownstreamBaseUrl}', 'warning UnknownPlaceholder'],
    [UP, 'Referer', '{DownstreamBaseUrl}, {BaseUrl}', 'warning PlaceholderNotReplaced'],
    [DOWN, 'Location', '{BaseUrl}, http://a', 'warning PlaceholderNotReplaced'],
    [DOWN, 'Location', ' {DownstreamBaseUrl}, http://a', 'warning PlaceholderNotReplaced'],
    [UP, 'X-A', 'at {BaseUrl}', 'warning PlaceholderNotReplaced'],
    [DOWN, 'Cache-Control', 'no-cache, no-store, must-revalidate', 'warning TransformCut'],
    [DOWN, 'X-A', ', b', 'warning NothingToFind'],
  ])('name what cannot be carried out: %s "%s": %j → %s', (key, name, instruction, finding) => {
    const transforms = { [key]: { [name]: instruction } };
    const place = name === '' ? '/' : `/${name}`;
    expect(findings(fileWith(transforms, { BaseUrl: 'https://a' }))).toEqual([`${finding} /Routes/0/${key}${place}`]);
    expect(findings(fileWith({}, { ...transforms, BaseUrl: 'https://a' }))).toEqual([
      `${finding} /GlobalConfiguration/${key}${place}`,
    ]);
  });

  it('say that {BaseUrl} is Ocelot’s default where the file does not set it', () => {
    const file = fileWith({ DownstreamHeaderTransform: { Location: '{DownstreamBaseUrl}, {BaseUrl}' } });
    expect(findings(file)).toEqual(['warning BaseUrlMissing /Routes/0/DownstreamHeaderTransform/Location']);
  });
});
