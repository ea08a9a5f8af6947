// Situation: a client and a backend that keep to RFC 6455 to the letter, a gateway in framed mode between them.
// Action: either side sends what the cases hold, sound and broken, cut into writes in three ways.
// Expected: sound bytes arrive as they would without us, what a frame header tells is refused here, the rest beyond.
import { conformanceTests } from './mode-tests.js';

conformanceTests('framed');
