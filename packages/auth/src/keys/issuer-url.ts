import type { OptionReader } from '../providers/option-reader.js';

/**
 * Reads the URL of an issuer. Over plain `http` anybody on the way can put keys of his own in, so it is for loopback
 * only, unless `RequireHttps` is false.
 * @returns undefined when the key is absent.
 * @throws ConfigError
 */
export function readIssuerUrl(options: OptionReader, key: string): string | undefined {
  const text = options.text(key)?.trim();
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw options.fault(key, 'must be an https URL.');
  if (url.username !== '' || url.password !== '') {
    throw options.fault(key, 'must hold no user name or password.', 'Credentials have keys of their own.');
  }
  if (!isSafe(url) && options.flag('RequireHttps', true)) {
    throw options.fault(key, 'must be an https URL.', 'For a network that you trust: "RequireHttps": false.');
  }
  return text;
}

/** Whether nobody else can answer in place of the one that is asked. */
export function isSafe(url: URL): boolean {
  return url.protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
}
