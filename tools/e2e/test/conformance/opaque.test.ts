// Situation: a client and a backend that keep to RFC 6455 to the letter, a gateway in opaque mode between them.
// Action: either side sends what the cases hold, sound and broken, cut into writes in three ways.
// Expected: both ends see the bytes that they would see without us, and judge for themselves.
import { conformanceTests } from './mode-tests.js';

conformanceTests('opaque');
