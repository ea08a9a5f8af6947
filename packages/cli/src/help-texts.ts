// What `ocelot --help` teaches. docs/reference/cli.md is made from it.

export const DESCRIPTION =
  'A gateway for WebSockets and the HTTP beside them that reads the ocelot.json of Ocelot (.NET).';

export const FILES =
  'ocelot.json by default. A folder is merged as Ocelot merges it; several files overlay one another';

export const EPILOGUE = `
Examples:
  ocelot init                               write an ocelot.json to start from
  ocelot validate                           is it right? every problem, with place and remedy
  ocelot run --port 5000                    start; prints "listening on http://127.0.0.1:5000"
  ocelot routes                             what was made of it, in matching order
  ocelot explain GET ws://localhost/chat    which route answers, and why the others do not

Exit codes:
  0  done
  1  unexpected failure
  2  the configuration or the arguments are wrong
  3  the port is taken or not allowed

With --json a failure is printed on stdout as { "error": { "exitCode", "message", "hint", "issues" } }.

Environment:
  OCELOT_ENVIRONMENT, ASPNETCORE_ENVIRONMENT or DOTNET_ENVIRONMENT=Development
                        lays ocelot.Development.json over ocelot.json
  Routes__0__DownstreamHostAndPorts__0__Port=81
                        sets one value of the configuration, as in .NET
  NO_COLOR=1            no colours`;

export const RUN = `Starts the gateway and prints one line "listening on http://HOST:PORT" on stdout once it accepts;
https:// where Gateway.Tls of the configuration names a certificate. Logs go to stderr, one line per connection at its end.`;

export const RUN_EPILOGUE = `
Control address:
  Gateway.Admin { "Port": 9000 } opens one, apart from that of clients: GET / lists its calls,
  GET /health and GET /ready are for probes; the log says where it is. Plugins add calls of their
  own, such as metrics. A host that other machines reach needs Token, TokenFile or TokenEnv.

Signals:
  SIGTERM, SIGINT  stop accepting, close every socket with 1012 (service restart), end with 0;
                   a second one ends at once
  SIGHUP           read configuration and certificates anew; what is wrong leaves the old in force

Workers:
  With --workers above 1, processes of their own carry the sockets and share one port. One that
  crashes is replaced, the sockets of the others stay; signals are for the process you started.
  MaxConnections and MaxConnectionsPerIp hold for all workers together, and the control address
  speaks for all of them.

Examples:
  ocelot run
  ocelot run ocelot.json ocelot.Production.json --host 0.0.0.0 --port 80 --log-format json
  ocelot run ./gateway --watch --plugin ./my-provider.mjs
  ocelot run --workers auto
  ocelot run --host unix:/run/ocelot/gateway.sock --socket-mode 660`;

export const VALIDATE = 'Reads a configuration as "run" does and lists every problem with file, place and remedy.';

export const VALIDATE_EPILOGUE = `
Ends with 0 when the configuration can be used (warnings may be listed), else with 2.

Examples:
  ocelot validate
  ocelot validate ocelot.json ocelot.Production.json
  ocelot validate --json | jq '.issues[] | select(.severity == "error")'`;

export const ROUTES =
  'Prints the compiled routes in the order in which they are asked: the first that matches answers.';

export const ROUTES_EPILOGUE = `
Examples:
  ocelot routes
  ocelot routes --json | jq -r '.routes[].id'`;

export const EXPLAIN = `Tells which route answers a request, why the ones before it do not, what the placeholders hold, what
the route asks for (authentication, scopes, limits, ...), and what is sent to the backend. No backend
and no registry is connected; a token given with --header is verified, which may ask its issuer.`;

export const EXPLAIN_EPILOGUE = `
Ends with 0 also when no route answers.

Examples:
  ocelot explain GET /chat/42 --websocket
  ocelot explain GET 'wss://chat.example.com/rooms?id=7' --header 'Cookie: a=b'
  ocelot explain POST /api/orders ocelot.json --json`;

export const INIT = 'Writes a commented ocelot.json with a JSON schema for completion.';

export const INIT_EPILOGUE = `
Examples:
  ocelot init
  ocelot init gateway/ocelot.json --force`;
