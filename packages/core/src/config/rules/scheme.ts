import { said } from '../in-use.js';
import { schemeOf } from '../normalize/endpoints.js';
import type { FileRule } from './rule.js';

/** A backend is spoken to by one of four schemes. Ocelot finds out at the first request, when the connect fails. */
export const schemes: FileRule = (context) => {
  const places = [...(context.file.Routes ?? []), ...(context.file.DynamicRoutes ?? []), context.shared];
  for (const at of places) {
    const scheme = said(at.DownstreamScheme);
    if (scheme === undefined || schemeOf(scheme) !== undefined) continue;
    context.error({
      kind: 'UnknownScheme',
      at,
      key: 'DownstreamScheme',
      message: `DownstreamScheme "${scheme}" is not known.`,
      hint: 'Write "ws", "wss", "http" or "https"; an upgrade on http is spoken as ws, on https as wss.',
    });
  }
};
