// For the tests of whoever builds on core: no test runner is imported here.
export { balancingConformance, type BalancingConformanceOptions } from './balancing-conformance.js';
export type { ConformanceCase } from './conformance-case.js';
export { discoveryConformance } from './discovery-conformance.js';
export type { ConformanceInstance, DiscoveryConformanceOptions } from './discovery-stand.js';
export { FakeClock } from './fake-clock.js';
export { MemoryLogger, type LogLine } from './memory-logger.js';
export { ObserverLog } from './observer-log.js';
export { testAnswer } from './test-answer.js';
export { testRequest, type TestRequestOptions } from './test-request.js';
