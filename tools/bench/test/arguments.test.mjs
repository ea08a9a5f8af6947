import { describe, expect, it } from 'vitest';

import { HELP, parseArguments } from '../arguments.mjs';
import { SCENARIO_NAMES } from '../scenarios.mjs';
import { TARGET_NAMES } from '../targets.mjs';

describe('parseArguments', () => {
  it('measures everything in seven rounds when nothing is said', () => {
    expect(parseArguments([])).toMatchObject({
      scenarios: SCENARIO_NAMES,
      targets: TARGET_NAMES,
      rounds: 7,
      isSaved: true,
      look: undefined,
    });
  });

  it('takes fewer and shorter samples with --quick, and does not repeat them', () => {
    expect(parseArguments(['--quick'])).toMatchObject({ rounds: 2, measureMs: 1000, memoryRounds: 1, maxTries: 1 });
  });

  it('lets what is said win over --quick', () => {
    const options = parseArguments(['--quick', '--scenario', 'e1', '--target', 'haproxy,direct', '--rounds', '3']);
    expect(options).toMatchObject({ scenarios: ['e1'], targets: ['haproxy', 'direct'], rounds: 3 });
  });

  it('takes ours from another checkout', () => {
    expect(parseArguments(['--target', 'ocelot-framed@../before']).targets).toEqual(['ocelot-framed@../before']);
  });

  it.each([
    [['--scenario', 'e65'], 'Unknown scenario "e65". There are: hs, e1,'],
    [['--target', 'nginxx'], 'Unknown target "nginxx". There are: direct, nginx,'],
    [['--target', 'constructor'], 'Unknown target "constructor"'],
    [['--target', 'nginx@/elsewhere'], 'only ocelot-… can come from another checkout'],
    [['--rounds', '0'], '--rounds 0: a whole number from 1 on.'],
    [['--rounds', 'many'], '--rounds many: a whole number from 1 on.'],
    [['--measure-ms', '1.5'], '--measure-ms 1.5: a whole number from 1 on.'],
    [['--name', '../x'], '--name ../x: letters'],
    [['--scenario', ''], '--scenario names nothing'],
    [['--fast'], "Unknown option '--fast'"],
    [['e64'], '"npm run bench -- --help" lists the options.'],
    [['--profile', '--strace'], '--profile and --strace disturb each other'],
  ])('refuses %j', (words, message) => {
    expect(() => parseArguments(words)).toThrow(message);
  });
});

describe('the help', () => {
  it.each([...SCENARIO_NAMES, ...TARGET_NAMES])('names %s', (name) => {
    expect(HELP).toContain(name);
  });
});
