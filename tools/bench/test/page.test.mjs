import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { withResults } from '../page.mjs';

const result = JSON.parse(readFileSync(new URL('fixed-results.json', import.meta.url), 'utf8'));
const EMPTY = 'above\n\n<!-- bench:begin -->\n\nold figures\n\n<!-- bench:end -->\n\nbelow\n';

describe('withResults', () => {
  const page = withResults(EMPTY, result);

  it('replaces what stands between the markers and leaves the rest', () => {
    expect(page).toMatch(/^above\n\n<!-- bench:begin -->\n\n/);
    expect(page).toMatch(/\n\n<!-- bench:end -->\n\nbelow\n$/);
    expect(page).not.toContain('old figures');
    expect(withResults(page, result)).toBe(page);
  });

  it('names command, commit, machine and versions', () => {
    expect(page).toContain('2026-01-02 at commit abc1234 with `npm run bench -- --scenario e64,idle5k`: 3 rounds');
    expect(page).toContain('Some CPU, 2 cores, 8 GiB, Linux 6.1, Debian, Node 20.20.2.');
    expect(page).toContain('nginx 1.22.1, httpxy 0.5.6');
  });

  it('owns up to disturbed samples', () => {
    expect(page).toContain('**1 sample was disturbed**');
  });

  it('names what could not be measured, and what was left out', () => {
    expect(page).toContain('- Left out, as the time was up: e1000.\n');
    expect(page).toContain('- Not measured: haproxy in e64 (it does not listen.)\n');
  });

  it('tells ratio, spread, goal and whether it is met', () => {
    expect(page).toMatch(
      /\| echo 64 B, 64 connections \| ocelot-framed \| httpxy +\| +0\.75 \| 0\.72 – 0\.78 \| ≤ 0\.75 \| +yes \|/,
    );
    expect(page).toMatch(
      /\| echo 64 B, 64 connections \| ocelot-framed \| nginx +\| +1\.50 \| 1\.45 – 1\.55 \| ≤ 1\.50 \| +yes \|/,
    );
    expect(page).toMatch(
      /\| idle, 5,000 connections +\| ocelot-framed \| nginx +\| +0\.50 \| 0\.50 – 0\.50 \| ≤ 0\.60 \| +yes \|/,
    );
  });

  it('gives each target its row, and for the one without a proxy the cost of the generator only', () => {
    expect(page).toMatch(/\| httpxy +\| +18\.0 \| 17\.0 – 19\.0 \| +47,000 \| +2\.00 \| +5\.00 \| +11\.0 \| +1 \|/);
    expect(page).toMatch(/\| direct +\| +\| +\| +140,000 \|/);
    expect(page).toMatch(/\| ocelot-framed \| +9,000 \| +9,000 – 9,000 \| +5,000 \| +80\.0 \| +120 \| +100 \| +0 \|/);
  });

  it('refuses a page without markers', () => {
    expect(() => withResults('# nothing here', result)).toThrow('The page has no <!-- bench:begin -->');
  });
});
