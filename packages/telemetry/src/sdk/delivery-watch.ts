import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { Logger, PluginHost } from '@ocelot/core';

/** What an exporter is, as far as its deliveries go. */
interface Exporter<T> {
  export(items: T, done: (result: ExportResult) => void): void;
}

/**
 * Tells once when deliveries begin to fail, and once when they succeed again: in the log, and as a change of the
 * dependency `name`. What the collector answered, and what headers it was sent, is not told.
 * @returns the exporter itself.
 */
export function watchDeliveries<T, E extends Exporter<T>>(
  exporter: E,
  name: string,
  host: Pick<PluginHost, 'log' | 'record'>,
): E {
  const deliver = exporter.export.bind(exporter);
  let isUp: boolean | undefined;
  exporter.export = (items, done) => {
    deliver(items, (result) => {
      const succeeded = result.code === ExportResultCode.SUCCESS;
      if (succeeded !== (isUp ?? true)) tell(host.log, name, result);
      if (succeeded !== isUp) {
        host.record({
          type: 'dependency.changed',
          name,
          isUp: succeeded,
          error: succeeded ? undefined : asError(result),
        });
      }
      isUp = succeeded;
      done(result);
    });
  };
  return exporter;
}

function tell(log: Logger, dependency: string, result: ExportResult): void {
  if (result.code === ExportResultCode.SUCCESS) {
    log.info({ dependency }, 'telemetry is delivered again');
    return;
  }
  const cause = asError(result).message;
  log.warn({ dependency, cause }, 'telemetry cannot be delivered: it is kept for a while, then dropped');
}

/** An HTTP error has the status as its code, and the collector's words as its data: these stay out. */
function asError({ error }: ExportResult): Error {
  const code = error !== undefined && 'code' in error ? ` (${String(error.code)})` : '';
  return new Error(`${error?.message ?? 'unknown'}${code}`);
}
