import { expect, it } from 'vitest';

import { withoutSecrets } from '../src/without-secrets.js';

it('hides secrets at any depth and shows that they are there', () => {
  const options = { a: [{ Secret: 's', Key: 'k' }], token: 't', Secret: '', SecretName: 'n' };
  expect(JSON.parse(JSON.stringify(options, withoutSecrets))).toEqual({
    a: [{ Secret: '***', Key: 'k' }],
    token: '***',
    Secret: '',
    SecretName: 'n',
  });
});
