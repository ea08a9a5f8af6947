// For the tests of whoever builds on core: no test runner is imported here.
export { FakeClock } from './fake-clock.js';
export { MemoryLogger, type LogLine } from './memory-logger.js';
