import { defineGateway } from '@ocelot/cli';

import { fileRegistry } from './file-registry.mjs';

export default defineGateway({ config: 'ocelot.json', plugins: [fileRegistry()] });
