import { ConfigError, type ConfigIssue } from '../errors/config-error.js';
import { bindConfig } from './bind/bind-config.js';
import { type ConfigDocument, documentFromObject, isConfigDocument } from './config-document.js';
import type { GatewayConfig } from './gateway-config.js';
import { mergeConfigParts } from './merge-parts.js';
import { normalizeConfig } from './normalize/normalize-config.js';
import { validateConfig, type ValidationOptions } from './validate.js';

/** How a configuration is read. */
export interface ReadOptions extends ValidationOptions {
  /** Name of a plain object in messages. @default 'ocelot.json' */
  readonly source?: string;
}

/** What is to be read: a document, the parts of a folder in order, or a plain object. */
export type ConfigInput = ConfigDocument | readonly ConfigDocument[] | object;

/** What {@link inspectConfiguration} found. */
export interface Inspection {
  /** Errors and warnings: those of reading first, then of each route, then of the whole file. */
  readonly issues: readonly ConfigIssue[];
  /** The configuration; absent when there are errors. */
  readonly config?: GatewayConfig;
}

/**
 * Understands a configuration: binds, validates and resolves it into what {@link createGateway} takes. Its warnings are
 * in the result.
 *
 * @throws ConfigError with every issue found, warnings included, when any of them is an error.
 */
export function readConfiguration(input: ConfigInput, options: ReadOptions = {}): GatewayConfig {
  const { config, issues } = inspectConfiguration(input, options);
  if (config === undefined) throw new ConfigError(issues);
  return config;
}

/** {@link readConfiguration} without throwing, for `ocelot validate` and editors. */
export function inspectConfiguration(input: ConfigInput, options: ReadOptions = {}): Inspection {
  const document = toDocument(input, options.source ?? 'ocelot.json');
  // After a syntax error the tree has holes: what else would be said about it is noise.
  if (document.issues.some((issue) => issue.severity === 'error')) return { issues: document.issues };
  const bound = bindConfig(document.root);
  const found = validateConfig(bound, options);
  const issues = [...document.issues, ...bound.issues, ...found];
  if (issues.some((issue) => issue.severity === 'error')) return { issues };
  return { issues, config: normalizeConfig(bound, issues) };
}

function toDocument(input: ConfigInput, source: string): ConfigDocument {
  if (isConfigDocument(input)) return input;
  if (Array.isArray(input) && input.length > 0 && input.every(isConfigDocument)) return mergeConfigParts(input);
  return documentFromObject(input, source);
}
