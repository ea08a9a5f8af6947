import type { FileTls } from '../file-config.js';
import { isInUse, said } from '../in-use.js';
import { certificatePair } from './certificate-pair.js';
import type { FileRule, RuleContext } from './rule.js';

/** Keys of `Tls` that say nothing without a certificate. */
const BESIDE = ['CaFile', 'RequestClientCert', 'RequireClientCert', 'MinVersion'] as const;

/** `Gateway.Tls` says all that TLS towards clients needs: whoever writes half of it believes to be protected. */
export const frontTls: FileRule = (context) => {
  const gateway = context.shared.Gateway;
  const tls = gateway?.Tls ?? {};
  const pairs = [tls, ...(tls.Certificates ?? [])];
  for (const pair of pairs) certificatePair(pair, pair === tls ? 'Tls' : 'An entry of Tls.Certificates', context);
  const hasCertificate = pairs.some((pair) => said(pair.CertFile) !== undefined || said(pair.KeyFile) !== undefined);
  if (hasCertificate) clientCertificates(tls, context);
  else withoutCertificate(tls, context);
  if (gateway?.Http2 !== true || hasCertificate) return;
  context.warn({
    kind: 'Http2WithoutTls',
    at: gateway,
    key: 'Http2',
    message: 'Http2 has no effect without Tls: clients agree on HTTP/2 while TLS begins (ALPN).',
    hint: 'Write Tls with CertFile and KeyFile, or remove Http2.',
  });
};

function withoutCertificate(tls: FileTls, context: RuleContext): void {
  const used = BESIDE.filter((key) => isInUse(tls[key], key === 'MinVersion' ? 'TLSv1.2' : undefined));
  const [first] = used;
  if (first === undefined) return;
  context.error({
    kind: 'TlsWithoutCertificate',
    at: tls,
    key: first,
    message: `Tls has ${used.join(', ')} but no certificate: the gateway would speak plain text.`,
    hint: 'Write CertFile and KeyFile, or remove the section.',
  });
}

function clientCertificates(tls: FileTls, context: RuleContext): void {
  const asks = tls.RequireClientCert === true ? 'RequireClientCert' : 'RequestClientCert';
  const isAsked = tls[asks] === true;
  const hasAuthorities = said(tls.CaFile) !== undefined;
  if (isAsked && !hasAuthorities) {
    context.warn({
      kind: 'ClientCertificatesOfAnyone',
      at: tls,
      key: asks,
      message: `${asks} without CaFile takes a certificate of any authority that the system trusts, so of almost anyone.`,
      hint: 'Write CaFile with the authorities that your clients’ certificates come from.',
    });
  } else if (!isAsked && hasAuthorities) {
    context.warn({
      kind: 'CaFileUnused',
      at: tls,
      key: 'CaFile',
      message: 'CaFile has no effect: clients are not asked for certificates.',
      hint: 'Write "RequireClientCert": true or "RequestClientCert": true, or remove it.',
    });
  }
}
