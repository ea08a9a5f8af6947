import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';

import { type Clock, GatewayError, type Logger, type Route } from '@ocelot/core';

import { readAuthorities } from './authorities.js';

/** How often files are asked whether they changed, at most. */
const LOOK_MS = 1_000;

/** What a TLS connection to a backend of a route is made with. Its identity changes when the route's files change. */
export interface BackendTlsOptions {
  /** Undefined: Node's own authorities, and no certificate to show. */
  readonly secureContext: SecureContext | undefined;
  /** Replaces the endpoint's host, as SNI and as the name that the certificate must hold. */
  readonly serverName: string | undefined;
  /** Ocelot's `DangerousAcceptAnyServerCertificateValidator`, negated. */
  readonly rejectUnauthorized: boolean;
}

interface Entry {
  readonly options: BackendTlsOptions;
  /** Path, identity and time of change of each file, in one text. */
  readonly stamp: string;
  lookMs: number;
  /** Why the files cannot be used as they are now, as it was told. */
  fault: string | undefined;
}

/**
 * TLS options of routes, made of the files that `Gateway.BackendTls` names. Files are read when a route first needs
 * them, and again after they changed; as long as changed files cannot be used, what was read before stays in force and
 * the log says why. Owned by a relay; holds no timer.
 */
export class BackendTlsStore {
  readonly #defaults: SecureContextOptions | undefined;
  readonly #defaultContext: SecureContext | undefined;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #entries = new WeakMap<Route, Entry>();

  /**
   * @param defaults For routes that name no files, as in `tls.createSecureContext`; undefined: Node's own.
   * @throws Error of `tls.createSecureContext` when the defaults cannot be used.
   */
  constructor(defaults: SecureContextOptions | undefined, clock: Clock, log: Logger) {
    this.#defaults = defaults;
    this.#defaultContext = defaults === undefined ? undefined : createSecureContext(defaults);
    this.#clock = clock;
    this.#log = log;
  }

  /** @throws GatewayError BACKEND_UNREACHABLE when the files of the route cannot be used, and never could. */
  of(route: Route): BackendTlsOptions {
    const known = this.#entries.get(route);
    const now = this.#clock.now();
    if (known !== undefined && now < known.lookMs) return known.options;
    try {
      const stamp = stampOf(route);
      if (known?.stamp === stamp) {
        known.fault = undefined;
        known.lookMs = now + LOOK_MS;
        return known.options;
      }
      const options = this.#read(route);
      this.#entries.set(route, { options, stamp, lookMs: now + LOOK_MS, fault: undefined });
      return options;
    } catch (cause) {
      if (known === undefined) throw unusable(cause);
      known.lookMs = now + LOOK_MS;
      this.#tell(route, known, cause);
      return known.options;
    }
  }

  /** Once per fault: the files are looked at again and again while connections are made. */
  #tell(route: Route, entry: Entry, cause: unknown): void {
    const fault = cause instanceof Error ? cause.message : String(cause);
    if (entry.fault === fault) return;
    entry.fault = fault;
    this.#log.warn(
      { route: route.id, ...route.backendTls, err: cause },
      'changed files of Gateway.BackendTls cannot be used: what was read before stays in force',
    );
  }

  #read(route: Route): BackendTlsOptions {
    const { caFile, certFile, keyFile, serverName } = route.backendTls;
    const rejectUnauthorized = !route.acceptAnyServerCertificate;
    if (caFile === undefined && certFile === undefined) {
      return { secureContext: this.#defaultContext, serverName, rejectUnauthorized };
    }
    const secureContext = createSecureContext({
      ...this.#defaults,
      ...(caFile === undefined ? {} : { ca: readAuthorities(caFile) }),
      ...(certFile === undefined ? {} : { cert: readFileSync(certFile) }),
      ...(keyFile === undefined ? {} : { key: readFileSync(keyFile) }),
    });
    return { secureContext, serverName, rejectUnauthorized };
  }
}

function stampOf({ backendTls: { caFile, certFile, keyFile } }: Route): string {
  return [caFile, certFile, keyFile].map((file) => (file === undefined ? '' : identity(file))).join('\n');
}

/** A file that is put in the place of another one may be as old (`mv`, the symbolic links of Kubernetes). */
function identity(file: string): string {
  const { ino, size, mtimeMs } = statSync(file);
  return `${file} ${ino} ${size} ${mtimeMs}`;
}

function unusable(cause: unknown): GatewayError {
  return new GatewayError('OCELOT_ERR_BACKEND_UNREACHABLE', {
    cause,
    details: { reason: `Gateway.BackendTls cannot be used: ${cause instanceof Error ? cause.message : String(cause)}` },
  });
}
