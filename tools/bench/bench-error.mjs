/** What the person at the terminal can act on: printed without a stack. */
export class BenchError extends Error {}
