import {
  type ConfigDocument,
  ConfigError,
  type ConfigIssue,
  type GatewayConfig,
  type JsonObject,
  type JsonValue,
  type Route,
  type TlsSettings,
} from '@ocelot/core';

import { configPlace } from './config-place.js';
import { readAuthorities, readCertificatePair } from './front/tls-files.js';
import { type TlsPlace, readTlsMaterial, tlsIssue } from './front/tls-material.js';
import { TlsProblem } from './front/tls-problem.js';

const GLOBAL = ['GlobalConfiguration', 'Gateway'];

/**
 * Reads every file that `Gateway.Tls` and the routes' `Gateway.BackendTls` name, as the gateway will.
 * @returns every problem, with the place of the key that names the file.
 */
export async function checkTlsFiles(config: GatewayConfig, document: ConfigDocument): Promise<readonly ConfigIssue[]> {
  const issues = await listenerIssues(config, document);
  const routes = [
    ...config.routes,
    ...(config.dynamic?.entries ?? []),
    ...(config.dynamic ? [config.dynamic.fallback] : []),
  ];
  const found = new Map<string, ConfigIssue>();
  for (const route of routes) {
    for (const issue of await backendIssues(route, document)) found.set(issue.source, issue);
  }
  return [...issues, ...found.values()];
}

async function listenerIssues(config: GatewayConfig, document: ConfigDocument): Promise<readonly ConfigIssue[]> {
  const { tls } = config.settings;
  if (tls === undefined) return [];
  try {
    await readTlsMaterial(config.settings, placeInDocument(tls, document));
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
}

/** The first pair may stand in the section itself; the others are those of its list. */
function placeInDocument({ certificates }: TlsSettings, document: ConfigDocument): TlsPlace {
  const section = [...GLOBAL, 'Tls'];
  const listed = certificates.length - (configPlace(document, [...section, 'CertFile']) === undefined ? 0 : 1);
  return (key, certificate) => {
    const inList = certificate === undefined ? -1 : certificate - (certificates.length - listed);
    const path = inList < 0 ? [...section, key] : [...section, 'Certificates', inList, key];
    return configPlace(document, path) ?? { source: `${document.fileName}#/${path.join('/')}` };
  };
}

async function backendIssues(route: Route, document: ConfigDocument): Promise<readonly ConfigIssue[]> {
  const { caFile, certFile, keyFile } = route.backendTls;
  const readings = [
    () => (caFile === undefined ? undefined : readAuthorities(caFile)),
    () => (certFile === undefined || keyFile === undefined ? undefined : readCertificatePair({ certFile, keyFile })),
  ];
  const issues: ConfigIssue[] = [];
  for (const read of readings) {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof TlsProblem)) throw error;
      const common = configPlace(document, [...GLOBAL, 'BackendTls', error.key]);
      const place = isOwn(route, error.key) ? undefined : common;
      issues.push(tlsIssue(error, place ?? { source: `${route.location}/Gateway/BackendTls/${error.key}` }));
    }
  }
  return issues;
}

/** Whether the route names the file itself, instead of taking that of the global section. */
function isOwn({ file }: Route, key: TlsProblem['key']): boolean {
  const written = memberOf(memberOf(file['Gateway'], 'BackendTls'), key);
  return typeof written === 'string' && written !== '';
}

function memberOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return typeof value === 'object' && value !== null && key in value ? (value as JsonObject)[key] : undefined;
}
