export { resilience } from './plugin.js';
