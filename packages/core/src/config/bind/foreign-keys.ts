/**
 * Settings of the .NET host and of its packages that share the file with Ocelot, as found at the top of public
 * configurations. Lower case.
 */
const HOST_KEYS: ReadonlySet<string> = words(
  // the host itself
  'Logging AllowedHosts urls Kestrel ConnectionStrings ConnectionString AppSettings App Settings Environment',
  'ApplicationInsights FeatureManagement HealthChecks HealthChecksUI HealthChecks-UI iisSettings profiles https_port',
  'Cors CorsOptions CorsSettings CorsOrigins Application ApplicationName Version',
  // logging and tracing
  'Serilog NLog Log4Net Seq Elastic ElasticApm ElasticConfiguration Elasticsearch Graylog Sentry OpenTelemetry Jaeger Zipkin',
  // authentication
  'Jwt JwtConfig JwtOptions JwtSettings JwtBearer JwtToken Tokens TokenOptions TokenSettings Authentication',
  'Authorization Authority Audience IdentityServer IdentityServerOptions IdentityServer4 Identity IdentityUrl Auth',
  'AuthServer AuthSettings AzureAd AzureAdB2C Auth0 Keycloak OAuth Okta Secret SecretKey Google Facebook',
  // registries, stores and buses
  'Consul ConsulConfig Eureka Spring Nacos Redis RedisSettings CacheSettings RabbitMQ MassTransit EventBus Kafka MongoDb Vault Apollo',
  // rate limiting of ASP.NET, not of Ocelot
  'IpRateLimiting IpRateLimitPolicies ClientRateLimiting ClientRateLimitPolicies RateLimiting',
);

/** Keys of packages around Ocelot on routes, and of writers who had no comments. Lower case. */
const PACKAGE_KEYS: ReadonlySet<string> = words(
  'TransformByOcelotConfig VirtualDirectory TakeServersFromDownstreamService',
  'comment comments description note notes title exclude',
);

/** SwaggerForOcelot and its kin, and keys that are comments by their sign. */
const FOREIGN_PREFIX = /^(swagger|openapi|\/\/|_|#|\$|x-)/i;

/** Whether a key belongs to somebody else and is no mistake: it passes in silence. */
export function isForeignKey(key: string, atTop: boolean): boolean {
  const lower = key.toLowerCase();
  return FOREIGN_PREFIX.test(key) || PACKAGE_KEYS.has(lower) || (atTop && HOST_KEYS.has(lower));
}

function words(...lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.toLowerCase().split(' ')));
}
