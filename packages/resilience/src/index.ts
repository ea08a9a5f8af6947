// Public names.

export { resilience, type ResiliencePluginOptions } from './plugin.js';
export type { BreakerReport, EndpointReport, ResilienceReport, RouteReport, WorkerReport } from './report.js';
