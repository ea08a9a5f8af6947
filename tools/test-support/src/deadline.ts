import { setTimeout as sleep } from 'node:timers/promises';

/** How long a test waits for one thing, in milliseconds, before it fails with a message that says for what. */
export const PATIENCE_MS = 8000;

/** Settles as `promise` does, or rejects after `ms` naming `what` was awaited. */
export async function within<T>(promise: Promise<T>, what: string, ms: number = PATIENCE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain for ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks `check` again and again until it returns something that is not false or undefined. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  what: string,
  ms: number = PATIENCE_MS,
): Promise<Exclude<T, false | undefined>> {
  const end = performance.now() + ms;
  for (;;) {
    const value = await check();
    if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
    if (performance.now() > end) throw new Error(`waited ${ms} ms in vain until ${what}`);
    await sleep(5);
  }
}
