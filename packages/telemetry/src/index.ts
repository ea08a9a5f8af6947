export { telemetry } from './plugin.js';
