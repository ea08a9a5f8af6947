import type { ConfigIssue, Logger } from '@ocelot/core';

/** Said by the line itself, or by the place. */
const KNOWN = new Set(['plugin', 'source', 'route', 'provider', 'hint']);

/**
 * The log of a configuration that is only tried: a warning of a plugin that names a place in the file is a problem of
 * the file, so it is handed to `found`; everything else would tell of a gateway that never ran.
 */
export function trialLog(found: (issue: ConfigIssue) => void, inherited: object = {}): Logger {
  const drop = (): void => undefined;
  return {
    child: (fields) => trialLog(found, { ...inherited, ...fields }),
    debug: drop,
    info: drop,
    error: drop,
    warn(fields, message) {
      const all: Readonly<Record<string, unknown>> = { ...inherited, ...fields };
      const { source, hint } = all;
      if (typeof source !== 'string') return;
      const details = Object.entries(all).flatMap(([name, value]) =>
        KNOWN.has(name) || (typeof value !== 'string' && typeof value !== 'number') ? [] : [`${name}: ${value}`],
      );
      found({
        severity: 'warning',
        kind: 'PluginWarning',
        source,
        message: sentence(details.length === 0 ? message : `${message} (${details.join(', ')})`),
        ...(typeof hint === 'string' && { hint }),
      });
    },
  };
}

/** Lines of a log end without a full stop, and a hint stands behind this one. */
function sentence(message: string): string {
  return message.endsWith('.') ? message : `${message}.`;
}
