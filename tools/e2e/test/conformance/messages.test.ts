// Situation: a client and a backend that keep to RFC 6455 to the letter, a message hook that changes nothing between.
// Action: either side sends what the cases hold, sound and broken, cut into writes in three ways.
// Expected: whole messages arrive as they were, control frames too, and everything that is wrong is refused here.
import { conformanceTests } from './mode-tests.js';

conformanceTests('messages');
