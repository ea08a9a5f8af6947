// Public names, grouped by reader.

// For everybody
export type {
  ClientCertificate,
  ClientPeer,
  FirstMessageOptions,
  GatewayRequest,
  UpgradeRequest,
} from './contracts/request.js';
export type {
  BackendTls,
  CompressionLegs,
  ForwardedHeaders,
  HeaderTransform,
  HeaderTransforms,
  HttpVersion,
  HttpVersionPolicy,
  IpRules,
  Params,
  PingLegs,
  RewriteTemplate,
  Route,
  RouteBalancing,
  RouteCompression,
  RouteHttp,
  RouteLifetime,
  RouteLimits,
  RouteMatch,
  RouteOptions,
  RoutePing,
  RouteTimeouts,
  Scheme,
  ServiceRef,
  ServiceSource,
  TransferMode,
} from './contracts/route.js';
export type { JsonObject, JsonValue } from './contracts/json.js';
export type { DrainOptions, DrainReport, Gateway } from './contracts/gateway.js';
export type {
  CertificateFiles,
  ClientCertificates,
  DiscoverySettings,
  DrainDefaults,
  DynamicRouting,
  GatewayConfig,
  GatewaySettings,
  ListenerSettings,
  TlsSettings,
} from './config/gateway-config.js';
export type { ErrorCatalogueEntry, ErrorSource } from './errors/error-catalogue-entry.js';
export { ERROR_CATALOGUE, type ErrorCode } from './errors/error-codes.js';
export {
  GatewayError,
  isGatewayError,
  type GatewayErrorOptions,
  type RefusalBody,
  type RefusalHeaders,
} from './errors/gateway-error.js';
export { ConfigError, formatIssue, type ConfigIssue } from './errors/config-error.js';

export { createGateway, type GatewayOptions } from './runtime/create-gateway.js';

// For whoever runs several gateways as one
export type { ConnectionAnswer, ConnectionClaim, ConnectionLedger } from './contracts/connection-ledger.js';
export type {
  GatewayGroup,
  GatewayMember,
  LoadBoard,
  LoadShare,
  NoteBoard,
  NoteChannel,
} from './contracts/gateway-group.js';
export { createConnectionLedger, type LocalLedger } from './pipeline/local-ledger.js';

// Configuration
export {
  type ConfigInput,
  type Inspection,
  inspectConfiguration,
  readConfiguration,
  type ReadOptions,
} from './config/read-configuration.js';
export type { ValidationOptions } from './config/validate.js';
export type { ConfigDocument } from './config/config-document.js';
export type { ArrayNode, ConfigNode, ObjectMember, ObjectNode, Place, ScalarNode } from './config/config-node.js';
export { nodeValue } from './config/config-node.js';
export { parseConfigText } from './config/parse-config-text.js';
export { mergeConfigParts } from './config/merge-parts.js';
export { overlayConfig } from './config/overlay.js';
export { overlayEnvironment } from './config/overlay-environment.js';
export { selectConfigFiles } from './config/select-config-files.js';
export { CONFIG_SCHEMA } from './config/schema/json-schema.js';
export { CONFIG_REFERENCE, type ConfigKey, type ConfigSection } from './config/schema/config-reference.js';

// Routing
export type { RouteMatchResult, RouteTable } from './contracts/route-table.js';
export { compileRouteTable, type RouteEntry } from './routing/route-table.js';
export { compileRewrite, type Rewrite, type RewrittenTarget } from './routing/rewrite.js';
export { type DynamicTarget, resolveDynamic } from './routing/dynamic-route.js';
export { matchingOrder } from './routing/route-order.js';
export { explainMatch, type MatchExplanation, type RouteVerdict } from './routing/explain.js';
export { addressGroup } from './pipeline/address-group.js';
export { parseIpRange, type IpRange } from './pipeline/ip-ranges.js';
export { compileTrustedPeers } from './pipeline/trusted-peers.js';

// For plugin authors
export type { ConfigurationHook, Plugin, PluginHost, Registry } from './contracts/plugin.js';
export type { Clock, Timer } from './contracts/clock.js';
export type { Logger } from './contracts/logger.js';
export type { Endpoint, EndpointLoad, Lease } from './contracts/endpoint.js';
export type { BalancingContext, BalancingPolicy, BalancingPolicyFactory } from './contracts/load-balancer.js';
export type {
  DiscoveryContext,
  EndpointObserver,
  ServiceDiscoveryProvider,
  ServiceDiscoveryProviderFactory,
  Subscription,
} from './contracts/discovery.js';
export type { Phase, Stage, StageDefinition } from './contracts/stage.js';
export type {
  BoundTap,
  Direction,
  FrameHeader,
  FrameObserver,
  FrameTap,
  Message,
  MessageHook,
  RouteTap,
  TappedSession,
} from './contracts/frames.js';
export type { AttemptEnd, AttemptWatch, EndpointGuard, RouteGuard } from './contracts/endpoint-guard.js';
export type { ControlAnswer, ControlEndpoint, ControlRequest } from './contracts/control.js';
export type { Identity } from './contracts/identity.js';
export { createSlot } from './pipeline/slot.js';
export { ANSWER_PROTOCOL, IDENTITY, TRACE_ID } from './pipeline/known-slots.js';
export type {
  AnswerEdit,
  AnswerHead,
  Cancellation,
  Exchange,
  ExchangeEnd,
  OutgoingHead,
  OutgoingHeaders,
  Slot,
} from './contracts/exchange.js';
export type { AttemptOutcome, BreakerState, EndpointState, GatewayEvent, Telemetry } from './contracts/telemetry.js';
export { hostHeader, usesTls } from './routing/backend-url.js';
export { isRelayHeader } from './pipeline/relay-headers.js';
export { unixSocketPath } from './routing/unix-socket.js';
export { createEndpoint, type EndpointFields } from './runtime/create-endpoint.js';
export { pollingProvider, type PollingProviderOptions } from './runtime/polling-provider.js';
export { systemClock } from './runtime/system-clock.js';

// For relay authors
export {
  createGatewayRequest,
  createUpgradeRequest,
  type ReceivedHandshake,
  type ReceivedRequest,
} from './routing/gateway-request.js';
export type { Admission } from './contracts/exchange.js';
export type { Relay } from './contracts/relay.js';
export type { Session, SessionSummary, Side, TransferCount } from './contracts/session.js';
