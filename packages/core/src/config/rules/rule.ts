import type { Locations } from '../bind/locations.js';
import type { FileConfig, FileGlobal, FileRoute } from '../file-config.js';
import type { ValidationOptions } from '../validate.js';

/** What is wrong, where, and how to mend it. */
export interface Finding {
  /** Stable name; `ocelot validate --json` shows it. */
  readonly kind: string;
  /** The object or list that holds the fault. */
  readonly at: object;
  /** The key or index in it; the object itself is named when the key is absent. */
  readonly key?: string | number;
  readonly message: string;
  readonly hint: string;
}

/** What a rule sees. */
export interface RuleContext {
  readonly file: FileConfig;
  /** `GlobalConfiguration`; empty when the file has none. */
  readonly shared: FileGlobal;
  readonly options: ValidationOptions;
  readonly locations: Locations;
  /** Refuses the configuration. */
  error(finding: Finding): void;
  /** Reports and lets pass. */
  warn(finding: Finding): void;
}

/** Looks at one static route. */
export type RouteRule = (route: FileRoute, context: RuleContext) => void;

/** Looks at the whole file. */
export type FileRule = (context: RuleContext) => void;
