export { telemetry } from './plugin.js';
export type { TelemetryOptions } from './telemetry-options.js';
