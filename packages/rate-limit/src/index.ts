export { rateLimit } from './plugin.js';
