/**
 * A replacer for `JSON.stringify` that hides what a key of `ocelot.json` keeps secret (`Secret`, `Token`): what is
 * printed lands in terminals, tickets and logs. That there is a secret is shown.
 */
export function withoutSecrets(key: string, value: unknown): unknown {
  return /^(?:secret|token)$/i.test(key) && typeof value === 'string' && value !== '' ? '***' : value;
}
