/**
 * Keys whose values nobody shall read: of `ocelot.json` (`Secret`, `ClientSecret`, `Password`, `ApiKey`), and headers
 * that carry credentials. Not their neighbours that say where a secret is (`TokenFile`, `SecretEnv`).
 */
const SECRET_KEY =
  /(?:secret|password|passphrase|token|connectionstring|(?:api|access|signing|symmetric|private|shared)[-_]?keys?)$|^(?:proxy-)?authorization$|^(?:set-)?cookie$/i;

/** `redis://user:password@host`: what stands before the host. */
const USER_INFO = /(\b[a-z][a-z\d+.-]*:\/\/)[^\s/?#@]*@/gi;

/**
 * A replacer for `JSON.stringify` that hides what a configuration keeps secret: what is printed lands in terminals,
 * tickets and logs. That there is a secret is shown.
 */
export function withoutSecrets(key: string, value: unknown): unknown {
  if (typeof value === 'string')
    return SECRET_KEY.test(key) && value !== '' ? '***' : value.replace(USER_INFO, '$1***@');
  if (!SECRET_KEY.test(key) || !Array.isArray(value)) return value;
  return value.map((item: unknown) => (typeof item === 'string' && item !== '' ? '***' : item));
}
