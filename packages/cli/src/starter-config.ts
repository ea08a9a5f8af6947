/** What `ocelot init` writes: the smallest file that routes WebSockets, each line explained. */
export const STARTER_CONFIG = `{
  // Completion and hints in editors that know JSON schemas.
  "$schema": "https://unpkg.com/@ocelot/core/schema.json",

  "Routes": [
    {
      // What the client asks for. {everything} takes the rest of the path; the query string comes along.
      "UpstreamPathTemplate": "/{everything}",

      // Where it goes: ws and wss for WebSockets; http and https relay upgrades as well.
      "DownstreamScheme": "ws",
      "DownstreamPathTemplate": "/{everything}",
      "DownstreamHostAndPorts": [
        { "Host": "localhost", "Port": 8080 }
        // A second one here, and the balancer below has something to balance:
        // { "Host": "localhost", "Port": 8081 }
      ],

      // NoLoadBalancer, RoundRobin, LeastConnection or CookieStickySessions.
      "LoadBalancerOptions": { "Type": "RoundRobin" }
    }
  ],

  "GlobalConfiguration": {
    // Backends by name instead of by address: take this in, and give the route "ServiceName": "chat" in place of
    // DownstreamHostAndPorts.
    // "ServiceDiscoveryProvider": { "Type": "Consul", "Host": "localhost", "Port": 8500 },

    // What Ocelot has no key for; .NET Ocelot ignores this section.
    "Gateway": {
      // Web pages that may open sockets here; empty: every page.
      "AllowedOrigins": [],

      // A socket without a single byte for so long is closed; 0: never.
      "IdleTimeoutMs": 0
    }
  }
}
`;
