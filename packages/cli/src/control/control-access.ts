import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

import type { ControlAnswer } from '@ocelot/core';

import type { AdminSettings } from './admin-settings.js';
import { problem } from './control-answers.js';

/** Probes of container platforms carry no token; all they learn is one word. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['/health', '/ready']);

/** Says who may call. */
export interface ControlAccess {
  /** @returns the answer for somebody who may not. */
  refusal(path: string, headers: IncomingHttpHeaders): ControlAnswer | undefined;
}

/**
 * Makes the rule of one control address. Without a token the loopback interface is all that protects it, and a browser
 * on this machine acts there for whatever page it shows: pages of other origins are refused, and so are names that a
 * foreign name server may have pointed here (DNS rebinding).
 */
export function controlAccess({ host, token }: AdminSettings): ControlAccess {
  const digest = token === undefined ? undefined : digestOf(token);
  const own = host.toLowerCase();
  return {
    refusal(path, headers) {
      if (isFromPage(headers))
        return problem(403, 'CROSS_ORIGIN', 'Web pages may not use the control address of a gateway.');
      if (digest === undefined)
        // Browsers always name a host; plain probes (HTTP/1.0) may not.
        return host.startsWith('unix:') || headers.host === undefined || isOwnName(headers.host, own)
          ? undefined
          : problem(
              403,
              'HOST_NOT_ALLOWED',
              'Without a token the control address answers to its address and to localhost.',
            );
      if (OPEN_PATHS.has(path) || holds(headers.authorization, digest)) return undefined;
      return problem(401, 'UNAUTHENTICATED', 'The control address wants its token: Authorization: Bearer TOKEN.');
    },
  };
}

/** Browsers send one or both with everything that a page asks for; an address that a person typed has neither. */
function isFromPage(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin !== undefined || (site !== undefined && site !== 'none' && site !== 'same-origin');
}

/** An IP address cannot be pointed elsewhere. */
function isOwnName(authority: string, own: string): boolean {
  const name = authority.toLowerCase().replace(/:\d*$/, '');
  const address = /^\[(.*)\]$/.exec(name)?.[1] ?? name;
  return isIP(address) !== 0 || name === 'localhost' || name === own;
}

/** Equal digests, compared in the same time wherever they differ. */
function holds(authorization: string | undefined, digest: Buffer): boolean {
  const given = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  return given !== undefined && timingSafeEqual(digestOf(given), digest);
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
