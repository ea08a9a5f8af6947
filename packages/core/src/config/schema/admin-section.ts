import { integer, object, type ObjectKey, text } from './key-schema.js';

/** `GlobalConfiguration.Gateway.Admin`: where whoever runs the gateway asks it things. */
export const ADMIN: ObjectKey = object(
  'Admin',
  'The control address: health, readiness, and what plugins offer there, such as metrics. Served by `ocelot run`, apart from the address of clients; off unless `Port` is given, or a Unix-domain socket as `Host`. A reload may move it.',
  {
    Host: text(
      'Address to listen on, or a Unix-domain socket: `unix:/run/ocelot/control.sock`. An address that other machines reach needs a token.',
      { default: '127.0.0.1' },
    ),
    Port: integer('Port to listen on; 0 for any free one, which the log tells.', { minimum: 0, maximum: 65_535 }),
    Token: text(
      'Every call but `GET /health` and `GET /ready` must carry it as `Authorization: Bearer TOKEN`. At least 16 characters; at most one of `Token`, `TokenFile` and `TokenEnv`.',
    ),
    TokenFile: text(
      'File that holds the token, blanks around it left out; read at the start and at each reload. A relative path starts from the working directory.',
    ),
    TokenEnv: text('Environment variable that holds the token.'),
  },
);
