import { defineGateway } from '@ocelot/cli';

import { chatRules } from './chat-rules.mjs';

export default defineGateway({ config: 'ocelot.json', plugins: [chatRules()] });
