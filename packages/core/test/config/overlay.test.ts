import { describe, expect, it } from 'vitest';

import { inspectConfiguration, overlayConfig, parseConfigText } from '../../src/index.js';
import { nodeValue } from '../../src/config/config-node.js';

const file = (value: object, fileName = 'ocelot.json') => parseConfigText(JSON.stringify(value), fileName);
const overlaid = (base: object, over: object) => nodeValue(overlayConfig(file(base), file(over)).root);

describe('overlayConfig', () => {
  it('merges lists index by index and never concatenates them', () => {
    const base = { Routes: [{ Key: 'a', Priority: 1 }, { Key: 'b' }] };
    expect(overlaid(base, { Routes: [{ Priority: 5 }] })).toEqual({
      Routes: [{ Key: 'a', Priority: 5 }, { Key: 'b' }],
    });
    expect(overlaid(base, { Routes: [{}, {}, { Key: 'c' }] })).toEqual({ Routes: [...base.Routes, { Key: 'c' }] });
  });

  it('compares keys without case and keeps the spelling of the base', () => {
    expect(overlaid({ GlobalConfiguration: { BaseUrl: 'a' } }, { globalconfiguration: { BASEURL: 'b' } })).toEqual({
      GlobalConfiguration: { BaseUrl: 'b' },
    });
  });

  it('lays Routes over ReRoutes, whichever file is the older', () => {
    expect(overlaid({ ReRoutes: [{ Key: 'a' }] }, { Routes: [{ Priority: 2 }] })).toEqual({
      ReRoutes: [{ Key: 'a', Priority: 2 }],
    });
  });

  it('takes a single value back to its default by null, and leaves lists and objects alone', () => {
    const base = { Routes: [{ Key: 'a' }], GlobalConfiguration: { BaseUrl: 'a' } };
    expect(overlaid(base, { Routes: null, GlobalConfiguration: { BaseUrl: null } })).toEqual({
      Routes: [{ Key: 'a' }],
      GlobalConfiguration: { BaseUrl: null },
    });
    expect(overlaid(base, { Routes: [] })).toEqual(base);
  });

  it('names the file that holds the wrong value', () => {
    const document = overlayConfig(
      file({ Routes: [{ Priority: 1 }] }),
      file({ Routes: [{ Priority: 'high' }] }, 'ocelot.Test.json'),
    );
    const { issues } = inspectConfiguration(document);
    expect(issues.find((issue) => issue.kind === 'NotANumber')?.source).toBe('ocelot.Test.json#/Routes/0/Priority');
  });
});
