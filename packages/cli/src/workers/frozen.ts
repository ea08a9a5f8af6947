/**
 * Freezes plain data in depth. What came through a channel is a copy that anybody could edit; configurations are
 * frozen where they are read, and a plugin that writes to a route shall fail in a worker as it does elsewhere.
 */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) frozen(member);
  return Object.freeze(value);
}
