import type { FileTls } from '../file-config.js';
import type { CertificateFiles, TlsSettings } from '../gateway-config.js';
import { said } from '../in-use.js';

/** TLS towards clients; undefined when the section names no certificate. What is half written was reported as an error. */
export function tlsSettings(tls: FileTls | undefined, http2: boolean): TlsSettings | undefined {
  const certificates = [tls ?? {}, ...(tls?.Certificates ?? [])].flatMap(
    ({ CertFile, KeyFile }): CertificateFiles[] => {
      const certFile = said(CertFile);
      const keyFile = said(KeyFile);
      return certFile === undefined || keyFile === undefined ? [] : [{ certFile, keyFile }];
    },
  );
  if (certificates.length === 0) return undefined;
  return {
    certificates,
    caFile: said(tls?.CaFile),
    clientCertificates:
      tls?.RequireClientCert === true ? 'required' : tls?.RequestClientCert === true ? 'optional' : 'off',
    minVersion: said(tls?.MinVersion)?.toLowerCase() === 'tlsv1.3' ? 'TLSv1.3' : 'TLSv1.2',
    http2,
  };
}
