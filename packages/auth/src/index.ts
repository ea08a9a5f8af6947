export { auth } from './plugin.js';
