import type { FileRule } from './rule.js';

/** An origin has a scheme, a host and perhaps a port (RFC 6454 §6.2); ours may begin its host with `*.`. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/(\*\.)?[^\s/*@?#\\]+$/i;

/** Every entry of `AllowedOrigins` can be an origin: one that cannot would lock its clients out. */
export const origins: FileRule = (context) => {
  const sections = [context.shared, ...(context.file.Routes ?? []), ...(context.file.DynamicRoutes ?? [])];
  for (const { Gateway: gateway } of sections) {
    const list = gateway?.AllowedOrigins ?? [];
    for (const [index, entry] of list.entries()) {
      const origin = entry.trim();
      if (origin === '' || origin === 'null' || ORIGIN.test(origin)) continue;
      context.error({
        kind: 'InvalidOrigin',
        at: list,
        key: index,
        message: `"${entry}" is no origin.`,
        hint:
          origin === '*'
            ? 'Leave AllowedOrigins out to allow every origin.'
            : 'Write scheme and host without a path, such as https://app.example.com or https://*.example.com.',
      });
    }
  }
};
