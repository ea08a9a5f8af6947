import type { ConfigIssue } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { trialLog } from '../src/trial-log.js';

function heard(say: (log: ReturnType<typeof trialLog>) => void): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  say(trialLog((issue) => issues.push(issue)));
  return issues;
}

describe('trialLog', () => {
  it('makes a problem of a warning that names its place, with what the line tells', () => {
    const source = 'ocelot.json#/Routes/0/QoSOptions/BreakDuration';
    const fields = { route: 'chat', source, value: 5, allowed: 'more than 500', hint: 'Write 1000.' };
    const issues = heard((log) => log.child({ plugin: 'resilience' }).warn(fields, 'out of range'));
    expect(issues).toEqual([
      {
        severity: 'warning',
        kind: 'PluginWarning',
        source,
        message: 'out of range (value: 5, allowed: more than 500).',
        hint: 'Write 1000.',
      },
    ]);
  });

  it('tells nothing of a gateway that never runs', () => {
    const issues = heard((log) => {
      log.warn({ service: 'chat' }, 'no endpoints known yet');
      log.info({ source: 'ocelot.json' }, 'configuration applied');
      log.error({}, 'failed');
      log.debug({}, 'tried');
    });
    expect(issues).toEqual([]);
  });
});
