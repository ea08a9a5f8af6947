import { describe, expect, it } from 'vitest';

import { withoutSecrets } from '../src/without-secrets.js';

const printed = (value: unknown): unknown => JSON.parse(JSON.stringify(value, withoutSecrets));

describe('withoutSecrets', () => {
  it('hides secrets at any depth and shows that they are there', () => {
    const options = { a: [{ Secret: 's', Key: 'k' }], token: 't', Secret: '', SecretName: 'n' };
    expect(printed(options)).toEqual({ a: [{ Secret: '***', Key: 'k' }], token: '***', Secret: '', SecretName: 'n' });
  });

  it.each(['ClientSecret', 'Password', 'ApiKey', 'ApiKeys', 'SigningKey', 'X-Api-Key', 'Authorization', 'Cookie'])(
    'hides the value of %s, or each of its values',
    (key) => {
      expect(printed({ [key]: 'abc' })).toEqual({ [key]: '***' });
      expect(printed({ [key]: ['abc', ''] })).toEqual({ [key]: ['***', ''] });
    },
  );

  it.each([
    'TokenFile',
    'TokenEnv',
    'SecretEnv',
    'PasswordsFile',
    'KeyFile',
    'AuthenticationProviderKeys',
    'Key',
    'CookieName',
  ])('shows %s, which is no secret', (key) => {
    expect(printed({ [key]: 'abc' })).toEqual({ [key]: 'abc' });
  });

  it('hides who logs in where a URL says so', () => {
    expect(printed({ Url: 'rediss://user:p%40ss@store:6379/0?x=1', List: ['redis://:pw@a,redis://b'] })).toEqual({
      Url: 'rediss://***@store:6379/0?x=1',
      List: ['redis://***@a,redis://b'],
    });
  });

  it('hides API keys, and shows whose they are', () => {
    const Keys = [
      { Name: 'ada', Key: 'k1' },
      { Name: 'bob', KeyEnv: 'BOB' },
    ];
    expect(printed({ Key: 'route', Keys })).toEqual({
      Key: 'route',
      Keys: [
        { Name: 'ada', Key: '***' },
        { Name: 'bob', KeyEnv: 'BOB' },
      ],
    });
  });

  it('leaves sections of such a name alone, and looks into them', () => {
    expect(printed({ Token: { In: 'header', Secret: 's' } })).toEqual({ Token: { In: 'header', Secret: '***' } });
  });
});
