import { defineGateway } from '@ocelot/cli';

import { maintenance } from './maintenance.mjs';

export default defineGateway({ config: 'ocelot.json', plugins: [maintenance()] });
