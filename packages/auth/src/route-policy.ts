import { ConfigError, type ConfigIssue, type GatewayConfig, type Route } from '@ocelot/core';

import type { AuthenticationRules } from './authenticate.js';
import { claimsRequirement, placeholderOf, type Requirement, scopeRequirement } from './claims/requirements.js';
import { type RequestCheck, singleMeaning } from './claims/single-meaning.js';
import { type ClaimTransforms, readTransforms } from './claims/transforms.js';
import type { ProviderDirectory } from './provider-directory.js';
import { authenticationOptions, objectOf, routeSettings, type RouteSettings, textEntries } from './route-settings.js';
import { WaitingClients } from './stream/waiting-clients.js';

/** Everything that a route asks of this package, compiled once per configuration. */
export interface RoutePolicy {
  /** Undefined: nobody is asked who he is. */
  readonly authentication: AuthenticationRules | undefined;
  readonly settings: RouteSettings;
  /** In Ocelot's order: scopes, then claims. */
  readonly requirements: readonly Requirement[];
  /** Set where requirements compare what a request could say twice. */
  readonly requestCheck: RequestCheck | undefined;
  readonly transforms: ClaimTransforms;
  /** What will refuse every request, though it can be done; told when the route is bound. */
  readonly warning: string | undefined;
}

/** What ends a socket whose credentials ended, unless the file says otherwise (S27). */
const CLOSE_CODE = 4401;

const IN_VAIN = 'the route asks for claims, but for no authentication: its requests are refused';
const UNDESCRIBED =
  'no authentication provider is described in GlobalConfiguration.Gateway.Authentication.Providers: the route is closed unless another plugin asks its clients who they are';

const PLACEHOLDER = /\{([^{}]*)\}/g;
const HEADER_PLACEHOLDER = /\{header:([^{}]*)\}/g;

/**
 * Reads what a route asks for.
 * @throws ConfigError with everything that cannot be done.
 */
export function readPolicy(route: Route, config: GatewayConfig, directory: ProviderDirectory): RoutePolicy {
  const issues: ConfigIssue[] = [];
  const complain = (kind: string, source: string, message: string, hint: string): void => {
    issues.push({ severity: 'error', kind, source, message, ...(hint === '' ? {} : { hint }) });
  };
  const settings = routeSettings(route, config);
  const options = authenticationOptions(route);
  // A file that only .NET Ocelot was served by so far: it loads, and the route waits closed (ADR 9).
  const isUndescribed = options.schemes.length > 0 && directory.names(config).length === 0;
  const schemes = isUndescribed ? [] : options.schemes;
  const providers = schemes.flatMap((name) => {
    const provider = directory.get(config, name);
    if (provider === undefined) {
      complain(
        'AuthUnsupported',
        optionsPlace(route),
        `No authentication provider is named "${name}".`,
        missingProvider(directory.names(config)),
      );
      return [];
    }
    const source = provider.forRoute?.(settings.section, `${route.location}/Gateway/Authentication`) ?? provider;
    return [{ provider, source }];
  });
  const transforms = readTransforms(route, (place, message, hint) => {
    complain('ClaimInstruction', `${route.location}/${place}`, message, hint);
  });
  const required = textEntries(route.file['RouteClaimsRequirement']);
  for (const { claim, name } of unknownPlaceholders(route, required)) {
    complain(
      'ClaimPlaceholder',
      `${route.location}/RouteClaimsRequirement`,
      `The claim ${claim} is compared with {${name}}, which no template of the route has.`,
      'Name a placeholder of UpstreamPathTemplate or UpstreamHeaderTemplates.',
    );
  }
  const { closeCode } = settings;
  if (closeCode !== undefined && !isSendable(closeCode)) {
    complain(
      'CloseCode',
      closeCodePlace(route),
      `CloseCode ${closeCode} may not be sent (RFC 6455 §7.4).`,
      'Take 1008, or a number from 3000 to 4999.',
    );
  }
  if (issues.length > 0) throw new ConfigError(issues);
  const requirements = [scopeRequirement(options.scopes), claimsRequirement(required)].filter(
    (requirement) => requirement !== undefined,
  );
  const authentication =
    providers.length === 0
      ? undefined
      : {
          providers,
          closeCode: settings.closeCode ?? CLOSE_CODE,
          waiting: new WaitingClients(route.limits.maxConnectionsPerIp),
        };
  return {
    authentication,
    settings,
    requirements,
    requestCheck: required.length === 0 ? undefined : singleMeaning(route.match),
    transforms,
    warning: isUndescribed ? UNDESCRIBED : isInVain(authentication, requirements, transforms) ? IN_VAIN : undefined,
  };
}

function isInVain(
  authentication: AuthenticationRules | undefined,
  requirements: readonly Requirement[],
  transforms: ClaimTransforms,
): boolean {
  return authentication === undefined && (requirements.length > 0 || usesClaims(transforms));
}

/** Whether anything is made of claims. */
export function usesClaims({ claims, headers, queries, path }: ClaimTransforms): boolean {
  return [claims, headers, queries, path].some((instructions) => instructions.length > 0);
}

/** The numbers behind the lowest that the schema lets pass: 1015 and those that are kept for later versions are none. */
function isSendable(code: number): boolean {
  return code <= 1014 || code >= 3000;
}

function closeCodePlace(route: Route): string {
  const isOwn = objectOf(objectOf(route.file['Gateway'])['Authentication'])['CloseCode'] !== undefined;
  const section = isOwn ? `${route.location}/Gateway` : 'ocelot.json#/GlobalConfiguration/Gateway';
  return `${section}/Authentication/CloseCode`;
}

/** The route's own options, or the global ones that hold for it. */
function optionsPlace(route: Route): string {
  if (route.file['AuthenticationOptions'] !== undefined) return `${route.location}/AuthenticationOptions`;
  return 'ocelot.json#/GlobalConfiguration/AuthenticationOptions';
}

function missingProvider(names: readonly string[]): string {
  return `There are: ${names.join(', ')}. Add it to GlobalConfiguration.Gateway.Authentication.Providers, by its name and with a Type.`;
}

function unknownPlaceholders(
  route: Route,
  required: readonly (readonly [claim: string, value: string])[],
): readonly { readonly claim: string; readonly name: string }[] {
  const { pathTemplate, headers } = route.match;
  const known = new Set([
    ...namesIn(pathTemplate, PLACEHOLDER),
    ...Object.values(headers).flatMap((template) => namesIn(template, HEADER_PLACEHOLDER)),
  ]);
  return required.flatMap(([claim, value]) => {
    const name = placeholderOf(value);
    return name === undefined || known.has(name) ? [] : [{ claim, name }];
  });
}

function namesIn(template: string, placeholder: RegExp): readonly string[] {
  return [...template.matchAll(placeholder)].map((match) => match[1] ?? '');
}
