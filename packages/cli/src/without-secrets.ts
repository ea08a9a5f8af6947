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
  if (!Array.isArray(value)) return isSecretHeader(value) ? { ...value, instruction: '***' } : value;
  if (SECRET_KEY.test(key)) return value.map((item: unknown) => (isText(item) ? '***' : item));
  // `Key` names a route, and a cookie; in a list of API keys it is one.
  return key === 'Keys' ? value.map(withoutKey) : value;
}

/** Whether a key, or a header, of that name holds a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_KEY.test(name);
}

/** An entry of a header transform. */
function isSecretHeader(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    'instruction' in value &&
    'name' in value &&
    typeof value.name === 'string' &&
    SECRET_KEY.test(value.name)
  );
}

function withoutKey(item: unknown): unknown {
  const isSecret = typeof item === 'object' && item !== null && 'Key' in item && isText(item.Key);
  return isSecret ? { ...item, Key: '***' } : item;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
