import type { FileRouteGateway } from '../file-config.js';
import type { FileRule } from './rule.js';

/** Keys that only a relay which walks frames can act on. */
const FRAME_LIMITS = ['AppIdleTimeoutMs', 'MaxMessageBytes', 'MaxFramesPerMessage', 'MaxFrameRate'] as const;

/**
 * In opaque mode the gateway knows bytes and no frames: it can neither ping nor count messages. Whoever set such a
 * limit believes to be protected, so it is said at load, once for each place that makes routes opaque.
 */
export const opaqueRoutes: FileRule = (context) => {
  const told = new Set<object>();
  for (const route of [...(context.file.Routes ?? []), ...(context.file.DynamicRoutes ?? [])]) {
    const own = route.Gateway ?? {};
    const common = context.shared.Gateway ?? {};
    const at = own.Transfer === undefined ? common : own;
    if (at.Transfer !== 'opaque' || told.has(at)) continue;
    const keys = unseenKeys(own, common);
    if (keys.length === 0) continue;
    told.add(at);
    context.warn({
      kind: 'FramesNotSeen',
      at,
      key: 'Transfer',
      message: `${keys.join(', ')} ${keys.length === 1 ? 'has' : 'have'} no effect: an opaque route passes bytes and knows no frames.`,
      hint: 'Remove "Transfer": "opaque", or set IdleTimeoutMs and TcpKeepAliveMs instead, which count bytes.',
    });
  }
};

function unseenKeys(own: FileRouteGateway, common: FileRouteGateway): readonly string[] {
  const limits = FRAME_LIMITS.filter((key) => (own[key] ?? common[key] ?? 0) > 0);
  const pings = (own.Ping?.IntervalMs ?? common.Ping?.IntervalMs ?? 0) > 0;
  const compresses = (own.Compression?.Legs ?? common.Compression?.Legs ?? 'off') !== 'off';
  return [...(pings ? ['Ping'] : []), ...(compresses ? ['Compression'] : []), ...limits];
}
