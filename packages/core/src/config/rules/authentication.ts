import type { FileAuthentication } from '../file-config.js';
import { said } from '../in-use.js';
import type { FileRule, RouteRule, RuleContext } from './rule.js';

/** Every scheme a route names is registered (compat 1.10, rule 7). */
export const routeAuthenticationSchemes: RouteRule = (route, context) => {
  requireSchemes(route.AuthenticationOptions, context);
};

/** The same for the global section (rule 10). */
export const globalAuthenticationSchemes: FileRule = (context) => {
  requireSchemes(context.shared.AuthenticationOptions, context);
};

function requireSchemes(options: FileAuthentication | undefined, context: RuleContext): void {
  const registered = context.options.authenticationProviders;
  if (options === undefined || registered === undefined) return;
  const named = [options.AuthenticationProviderKey, ...(options.AuthenticationProviderKeys ?? [])];
  const missing = named.flatMap((name) => said(name) ?? []).filter((name) => !registered.includes(name));
  if (missing.length === 0) return;
  context.error({
    kind: 'AuthUnsupported',
    at: options,
    message: `No authentication scheme named ${missing.map((name) => `"${name}"`).join(', ')} is registered.`,
    hint: registered.length === 0 ? 'No scheme is registered at all.' : `Registered are: ${registered.join(', ')}.`,
  });
}
