import type { FileQos } from '../file-config.js';
import type { FileRule, RouteRule, RuleContext } from './rule.js';

/** Ocelot: any of the three switches the breaker or its time limit on. */
export function isQosActive(options: FileQos | undefined): boolean {
  return (options?.MinimumThroughput ?? 0) > 0 || (options?.Timeout ?? 0) > 0 || (options?.FailureRatio ?? 0) > 0;
}

/** A route with a breaker needs somebody who breaks (compat 1.10, rule 1). */
export const routeQosHandler: RouteRule = (route, context) => {
  if (isQosActive(route.QoSOptions)) requireHandler(route, context);
};

/** The same for the global section (rule 10). */
export const globalQosHandler: FileRule = (context) => {
  if (isQosActive(context.shared.QoSOptions)) requireHandler(context.shared, context);
};

function requireHandler(at: object, context: RuleContext): void {
  if (context.options.qualityOfService !== false) return;
  context.error({
    kind: 'NoQosHandler',
    at,
    key: 'QoSOptions',
    message: 'QoSOptions are in use, but no circuit breaker is registered.',
    hint: 'Register one, or remove QoSOptions.',
  });
}
