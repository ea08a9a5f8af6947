import { said } from '../in-use.js';
import type { RuleContext } from './rule.js';

/** A section that names a certificate. */
export interface CertificatePair {
  readonly CertFile?: string;
  readonly KeyFile?: string;
}

/**
 * A certificate is of use only with its private key, and the reverse.
 * @param section How the section is called, for the message.
 */
export function certificatePair(pair: CertificatePair, section: string, context: RuleContext): void {
  const [certificate, key] = [said(pair.CertFile), said(pair.KeyFile)];
  if ((certificate === undefined) === (key === undefined)) return;
  const [written, missing] = certificate === undefined ? ['KeyFile', 'CertFile'] : ['CertFile', 'KeyFile'];
  if (context.locations.isBroken(pair, missing)) return;
  context.error({
    kind: 'HalfCertificate',
    at: pair,
    key: written,
    message: `${section} has a ${written} but no ${missing}.`,
    hint: `Write ${missing} beside it; where one PEM file holds both, write its path twice.`,
  });
}
