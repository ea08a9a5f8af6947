import {
  type HealthCheckOptions,
  type HealthCheckType,
  parseStatusRange,
  type StatusRange,
} from '../health/health-check-options.js';
import type { PartReader } from './section-reader.js';

const TYPES: readonly HealthCheckType[] = ['tcp', 'http', 'websocket'];
/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const UNFIT_IN_A_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;
const PATH = /^\/[\u0021-\u007e]*$/;

/**
 * Reads `Gateway.Resilience.HealthCheck`.
 * @returns undefined when it is off.
 * @throws ConfigError when its path, a status, a header or the subprotocol cannot be sent.
 */
export function readHealthCheck(part: PartReader | undefined): HealthCheckOptions | undefined {
  const type = TYPES.find((name) => name === part?.word('Type', 'off'));
  if (part === undefined || type === undefined) return undefined;
  const options: HealthCheckOptions = {
    type,
    path: part.text('Path', '/'),
    intervalMs: part.number('IntervalMs', 10_000),
    timeoutMs: part.number('TimeoutMs', 2000),
    healthyThreshold: part.number('HealthyThreshold', 2),
    unhealthyThreshold: part.number('UnhealthyThreshold', 3),
    expectedStatus: statusRanges(part),
    headers: headers(part),
    subprotocol: part.text('Subprotocol', ''),
  };
  if (!PATH.test(options.path)) {
    part.refuse('Path', 'the path of a health check must begin with a slash and hold no blanks', 'Encode it: %20.');
  }
  if (options.subprotocol !== '' && !TOKEN.test(options.subprotocol)) {
    part.refuse(
      'Subprotocol',
      'a subprotocol is one token (RFC 6455 §4.1)',
      'Write its name without blanks or commas.',
    );
  }
  return options;
}

function statusRanges(part: PartReader): readonly StatusRange[] {
  const written = part.list('ExpectedStatus');
  const ranges = (written.length === 0 ? ['200-299'] : written).map((entry) => {
    const range = parseStatusRange(entry);
    return range ?? part.refuse('ExpectedStatus', `"${entry}" is no status and no range`, 'Write 200 or 200-299.');
  });
  return ranges;
}

function headers(part: PartReader): Readonly<Record<string, string>> {
  const given = part.map('Headers');
  for (const [name, value] of Object.entries(given)) {
    if (!TOKEN.test(name)) part.refuse('Headers', `"${name}" is no name of a header`, 'Use letters, digits and -.');
    if (UNFIT_IN_A_VALUE.test(value)) {
      part.refuse('Headers', `the value of ${name} holds a character that no header may`, 'Remove line ends.');
    }
  }
  return given;
}
