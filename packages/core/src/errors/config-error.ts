/** One problem of a configuration. */
export interface ConfigIssue {
  /** `error` refuses the configuration, `warning` is reported and passes. */
  readonly severity: 'error' | 'warning';
  /** Stable name of the kind, e.g. `DuplicateRoute`; the tests and `--json` use it. */
  readonly kind: string;
  /** File and JSON pointer (RFC 6901): `ocelot.json#/Routes/3/DownstreamScheme`. */
  readonly source: string;
  /** Line and column in that file, 1-based, where known. */
  readonly line?: number;
  readonly column?: number;
  /** What is wrong. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

/**
 * A configuration that cannot be used. Carries every problem found, warnings included, not only the first.
 */
export class ConfigError extends Error {
  override readonly name: string = 'ConfigError';
  readonly issues: readonly ConfigIssue[];

  constructor(issues: readonly ConfigIssue[]) {
    const errors = issues.filter((issue) => issue.severity === 'error');
    super(errors.map(formatIssue).join('\n'));
    this.issues = issues;
  }
}

/** One line for people: `ocelot.json#/Routes/3/DownstreamScheme: what is wrong. What to do.` */
export function formatIssue(issue: ConfigIssue): string {
  const place =
    issue.line === undefined ? issue.source : `${issue.source} (line ${issue.line}, column ${issue.column ?? 1})`;
  return `${place}: ${issue.message}${issue.hint === undefined ? '' : ` ${issue.hint}`}`;
}
