import { isInUse, said } from '../in-use.js';
import { certificatePair } from './certificate-pair.js';
import type { FileRule } from './rule.js';

/** `Gateway.BackendTls` is whole at every level, and stands on routes that can use TLS. */
export const backendTls: FileRule = (context) => {
  if (context.shared.Gateway?.BackendTls !== undefined)
    certificatePair(context.shared.Gateway.BackendTls, 'BackendTls', context);
  for (const { Gateway: gateway, DownstreamScheme } of [
    ...(context.file.Routes ?? []),
    ...(context.file.DynamicRoutes ?? []),
  ]) {
    if (gateway?.BackendTls === undefined) continue;
    certificatePair(gateway.BackendTls, 'BackendTls', context);
    const scheme = said(DownstreamScheme)?.toLowerCase();
    if ((scheme !== 'ws' && scheme !== 'http') || !isInUse(gateway.BackendTls)) continue;
    context.warn({
      kind: 'BackendTlsUnused',
      at: gateway,
      key: 'BackendTls',
      message: `BackendTls has no effect: the route speaks ${scheme} to its backends, which is plain text.`,
      hint: 'Write "DownstreamScheme": "wss" or "https", or remove it.',
    });
  }
};
