import type { Logger } from '../contracts/logger.js';

/** Says nothing: the logger of a gateway that was given none. */
export const silentLogger: Logger = {
  child: () => silentLogger,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
