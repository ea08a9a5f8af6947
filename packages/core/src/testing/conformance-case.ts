/** One case of a conformance suite: hand `name` and `run` to any test runner. */
export interface ConformanceCase {
  /** What is required, in the present tense. */
  readonly name: string;
  /** Fulfilled when the requirement is met; rejected with an Error that says what was seen instead. */
  readonly run: () => Promise<void>;
}

/** Fails the running case with `message` unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
