import { affinityNames } from './affinity-names.js';
import { globalIpLists, routeIpLists } from './address-lists.js';
import { aggregateHidesRoute, aggregateRoutes, duplicateAggregates } from './aggregates.js';
import { globalAuthenticationSchemes, routeAuthenticationSchemes } from './authentication.js';
import { dynamicRouting, globalDiscovery, routeDiscovery, someRoute } from './discovery.js';
import { backendTls } from './backend-tls.js';
import { baseUrl } from './base-url.js';
import { downstreamMethod } from './downstream-method.js';
import { drainCode } from './drain.js';
import { duplicateRoutes } from './duplicate-routes.js';
import { frontTls } from './front-tls.js';
import { headerTemplates } from './header-templates.js';
import { globalHeaderTransforms, routeHeaderTransforms } from './header-transforms.js';
import { hosts } from './hosts.js';
import { httpVersion, spokenVersions } from './http-version.js';
import { methods } from './methods.js';
import { origins } from './origins.js';
import { opaqueRoutes } from './opaque-routes.js';
import { pathTemplates, templateBlanks } from './path-templates.js';
import { repeatedPlaceholders, unfilledPlaceholders } from './placeholders.js';
import { globalQosHandler, routeQosHandler } from './quality-of-service.js';
import { proxyProtocol } from './proxy-protocol.js';
import { rateLimit } from './rate-limit.js';
import { globalRequestIdKey, routeRequestIdKey } from './request-id-key.js';
import { routeKeys } from './route-keys.js';
import type { FileRule, RouteRule } from './rule.js';
import { schemes } from './scheme.js';
import { unsupportedKeys } from './unsupported.js';
import { unusedGlobalOptions, unusedOptions } from './unused-options.js';
import { upstreamHost } from './upstream-host.js';

/** Rules about one route, in the order of Ocelot's own validator, then ours. */
export const ROUTE_RULES: readonly RouteRule[] = [
  routeQosHandler,
  pathTemplates,
  rateLimit,
  routeAuthenticationSchemes,
  hosts,
  httpVersion,
  templateBlanks,
  unfilledPlaceholders,
  methods,
  downstreamMethod,
  upstreamHost,
  headerTemplates,
  routeHeaderTransforms,
  routeRequestIdKey,
  routeIpLists,
  unusedOptions,
];

/** Rules about the whole file, run after those about routes. */
export const FILE_RULES: readonly FileRule[] = [
  globalQosHandler,
  globalAuthenticationSchemes,
  duplicateRoutes,
  routeDiscovery,
  repeatedPlaceholders,
  globalDiscovery,
  aggregateHidesRoute,
  duplicateAggregates,
  aggregateRoutes,
  schemes,
  globalIpLists,
  origins,
  drainCode,
  frontTls,
  backendTls,
  proxyProtocol,
  baseUrl,
  globalHeaderTransforms,
  globalRequestIdKey,
  spokenVersions,
  affinityNames,
  opaqueRoutes,
  dynamicRouting,
  someRoute,
  routeKeys,
  unusedGlobalOptions,
  unsupportedKeys,
];
