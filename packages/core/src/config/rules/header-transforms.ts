import { isRelayHeader } from '../../pipeline/relay-headers.js';
import { PLACEHOLDERS, readInstruction } from '../../pipeline/transform-instruction.js';
import { said } from '../in-use.js';
import { isToken } from '../is-token.js';
import { nearestName } from '../nearest-name.js';
import { DEFAULT_BASE_URL } from '../normalize/normalize-config.js';
import type { FileGlobal, FileRoute } from '../file-config.js';
import type { FileRule, RouteRule, RuleContext } from './rule.js';

const KEYS = ['UpstreamHeaderTransform', 'DownstreamHeaderTransform'] as const;
type TransformKey = (typeof KEYS)[number];

/** What a value may not hold (RFC 9110 §5.5); beyond one byte no relay can send it. */
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const BACKEND = '{DownstreamBaseUrl}';

/** Header transforms of a route can be carried out: Ocelot skips those that cannot, or fails at the request. */
export const routeHeaderTransforms: RouteRule = (route, context) => {
  for (const key of KEYS) transforms(route, key, context);
};

/** The same for the global ones. */
export const globalHeaderTransforms: FileRule = (context) => {
  for (const key of KEYS) transforms(context.shared, key, context);
};

function transforms(at: FileRoute | FileGlobal, key: TransformKey, context: RuleContext): void {
  const entries = at[key] ?? {};
  for (const [name, instruction] of Object.entries(entries)) {
    const report = reporter(entries, name, context);
    if (!isToken(name.trim())) {
      report.error(
        'InvalidHeaderName',
        `${JSON.stringify(name)} cannot be the name of a header.`,
        'Write letters, digits and hyphens, such as "X-Tenant".',
      );
    } else if (NOT_IN_VALUE.test(instruction)) {
      report.error(
        'InvalidHeaderValue',
        `The value for ${name} holds a line break, another control character or one beyond U+00FF.`,
        'Write plain text: no header can hold it (RFC 9110 §5.5).',
      );
    } else if (isRelayHeader(name.trim())) {
      report.warn(
        'HeaderNotTransformed',
        `${name} is not transformed: the gateway writes it itself for each hop.`,
        'Remove it.',
      );
    } else readable(instruction, key, context.shared, report);
  }
}

interface Reporter {
  error(kind: string, message: string, hint: string): void;
  warn(kind: string, message: string, hint: string): void;
}

function reporter(at: object, key: string, context: RuleContext): Reporter {
  return {
    error: (kind, message, hint) => context.error({ kind, at, key, message, hint }),
    warn: (kind, message, hint) => context.warn({ kind, at, key, message, hint }),
  };
}

function readable(instruction: string, key: TransformKey, shared: FileGlobal, report: Reporter): void {
  const { find, text } = readInstruction(instruction);
  if (find === '') {
    report.warn(
      'NothingToFind',
      'There is no text before the comma, so nothing is replaced.',
      'Write "find, replace".',
    );
  }
  if (instruction.split(',').length > 2) {
    report.warn(
      'TransformCut',
      `"${instruction}" has more than one comma: what stands behind the second is ignored.`,
      'A comma makes it "find, replace"; a value with commas cannot be added.',
    );
  }
  if (find !== undefined && isWhole(find.trim()) && !(find === BACKEND && key === 'DownstreamHeaderTransform')) {
    report.warn(
      'PlaceholderNotReplaced',
      `"${find}" is looked for as it stands: it is no placeholder here.`,
      `Only ${BACKEND} is, in the text to find of DownstreamHeaderTransform, without blanks.`,
    );
  }
  if (typeof text !== 'string') {
    if (!PLACEHOLDERS.has(text.placeholder)) unknown(text.placeholder, report);
    else if (text.placeholder === '{BaseUrl}' && said(shared.BaseUrl) === undefined) {
      report.warn(
        'BaseUrlMissing',
        `{BaseUrl} is ${DEFAULT_BASE_URL} here: GlobalConfiguration.BaseUrl is not set.`,
        'Set it to the public address of the gateway, or clients are sent to themselves.',
      );
    }
  } else if ([...PLACEHOLDERS].some((placeholder) => text.includes(placeholder))) {
    report.warn(
      'PlaceholderNotReplaced',
      `"${text}" is sent as it stands: a value that is added is a placeholder as a whole, or none.`,
      'Write the placeholder alone.',
    );
  }
}

function unknown(placeholder: string, report: Reporter): void {
  const near = nearestName(placeholder, PLACEHOLDERS);
  report.warn(
    'UnknownPlaceholder',
    `${placeholder} has no value here, so the header is not written.`,
    near === undefined ? `Known are ${[...PLACEHOLDERS].join(', ')}.` : `Is ${near} meant?`,
  );
}

function isWhole(text: string): boolean {
  return /^\{[^{}]*\}$/.test(text);
}
