import { neededProgram } from '../src/needed-program.ts';
import { describeChromium } from '../src/specs/chromium.ts';
import { QUICK_LAYOUTS } from '../src/stand.ts';

const browser = await neededProgram('chromium');

for (const layout of QUICK_LAYOUTS) describeChromium(browser, layout);
