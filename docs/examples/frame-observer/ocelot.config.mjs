import { defineGateway } from '@ocelot/cli';

import { frameCounts } from './frame-counts.mjs';

export default defineGateway({ config: 'ocelot.json', plugins: [frameCounts()] });
