import { neededProgram } from '../src/needed-program.ts';
import { describeChromium } from '../src/specs/chromium.ts';
import { FULL_LAYOUTS } from '../src/stand.ts';

const browser = await neededProgram('chromium');

for (const layout of FULL_LAYOUTS) describeChromium(browser, layout);
describeChromium(browser, {
  secure: true,
  backends: 2,
  title: 'over wss with two backends, without HTTP/2',
  gateway: { Http2: false },
});
