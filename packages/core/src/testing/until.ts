/** How long {@link until} sleeps between two looks. */
const LOOK_EVERY_MS = 5;

/** How {@link until} waits. */
export interface UntilOptions {
  readonly timeoutMs: number;
  /** What was waited for, for the message. */
  readonly what: string;
  /** Called before each look: where a test moves its {@link FakeClock} on. */
  readonly tick?: (() => void | Promise<void>) | undefined;
}

/**
 * Waits in real time until `holds` returns true.
 * @throws Error naming `what` after `timeoutMs` milliseconds.
 */
export async function until(holds: () => boolean, options: UntilOptions): Promise<void> {
  const deadlineMs = performance.now() + options.timeoutMs;
  for (;;) {
    await options.tick?.();
    if (holds()) return;
    if (performance.now() >= deadlineMs) {
      throw new Error(`waited ${options.timeoutMs} ms in vain: ${options.what}`);
    }
    await new Promise<void>((resolve) => {
      setTimeout(resolve, LOOK_EVERY_MS);
    });
  }
}
