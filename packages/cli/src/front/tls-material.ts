import { stat } from 'node:fs/promises';

import { ConfigError, type ConfigIssue, type GatewaySettings, type TlsSettings } from '@ocelot/core';

import { type CertificatePair, readAuthorities, readCertificatePair } from './tls-files.js';
import { TlsProblem } from './tls-problem.js';

/** Everything that TLS with clients is made of, read from the files that the settings name. */
export interface TlsMaterial {
  readonly settings: TlsSettings;
  /** As in the settings: the first is for clients that ask for no name, or for one that none holds. */
  readonly pairs: readonly [CertificatePair, ...CertificatePair[]];
  /** PEM of the authorities that client certificates are checked against; undefined: Node's own. */
  readonly ca: string | undefined;
  /** Of the files before they were read: another one now means that they changed. */
  readonly stamp: string;
}

/**
 * Tells where a key of the section stands.
 * @param certificate number of the pair; undefined: a key of the section itself.
 */
export type TlsPlace = (
  key: TlsProblem['key'],
  certificate: number | undefined,
) => Pick<ConfigIssue, 'source' | 'line' | 'column'>;

/** Where no configuration file is at hand. */
const UNPLACED: TlsPlace = (key, certificate) => ({
  source: `GlobalConfiguration/Gateway/Tls/${certificate === undefined ? '' : `certificate ${certificate + 1}, `}${key}`,
});

/**
 * Reads the files of `Gateway.Tls`, all of them, so that every problem is told at once.
 * @returns undefined where there is no TLS.
 * @throws ConfigError
 */
export async function readTlsMaterial(
  { tls }: Pick<GatewaySettings, 'tls'>,
  place: TlsPlace = UNPLACED,
): Promise<TlsMaterial | undefined> {
  if (tls === undefined) return undefined;
  const stamp = await stampOf(tls);
  const issues: ConfigIssue[] = [];
  const noted = async <T>(reading: Promise<T>, certificate?: number): Promise<T | undefined> => {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof TlsProblem)) throw error;
      issues.push(tlsIssue(error, place(error.key, certificate)));
      return undefined;
    }
  };
  const pairs: CertificatePair[] = [];
  for (const [index, files] of tls.certificates.entries()) {
    const pair = await noted(readCertificatePair(files), index);
    if (pair !== undefined) pairs.push(pair);
  }
  const ca = tls.caFile === undefined ? undefined : await noted(readAuthorities(tls.caFile));
  const [first, ...others] = pairs;
  if (issues.length > 0 || first === undefined) throw new ConfigError(issues);
  return { settings: tls, pairs: [first, ...others], ca, stamp };
}

/** Times, sizes and identities of all files that the settings name; of one that is not there, that it is not. */
export async function stampOf({ certificates, caFile }: TlsSettings): Promise<string> {
  const files = certificates.flatMap(({ certFile, keyFile }) => [certFile, keyFile]);
  const stamps = [...files, ...(caFile === undefined ? [] : [caFile])].map(async (file) => {
    try {
      const { mtimeMs, ctimeMs, ino, size } = await stat(file);
      return `${mtimeMs} ${ctimeMs} ${ino} ${size}`;
    } catch (error) {
      return String((error as NodeJS.ErrnoException).code);
    }
  });
  return (await Promise.all(stamps)).join('\n');
}

/** The problem as an issue of the configuration. */
export function tlsIssue(
  { message, hint }: TlsProblem,
  place: Pick<ConfigIssue, 'source' | 'line' | 'column'>,
): ConfigIssue {
  return { severity: 'error', kind: 'TlsFile', ...place, message, ...(hint !== undefined && { hint }) };
}
