import { describe, expect, it } from 'vitest';

import { AuthFailure, type ProviderFactory, tokenProvider } from '../../src/index.js';
import { authStands } from '../auth-stand.js';

const { gateway, sockets } = authStands();

describe('a type of the user’s own, made with tokenProvider', () => {
  const sessions: ProviderFactory = (name, options, context) =>
    tokenProvider({
      name,
      options,
      context,
      verify: (token) => {
        if (token !== 'session-7') throw new AuthFailure('unknown-session', 'The session is not known.');
        return { provider: name, subject: 'alice', tokenId: token, claims: { sub: ['alice'] }, expiresAtMs: undefined };
      },
    });

  it('finds tokens where the file says, hides them from the backend, and challenges', async () => {
    const backend = await sockets();
    const stand = await gateway(backend.port, {
      auth: { providers: { Sessions: sessions } },
      authentication: {
        Providers: { Main: { Type: 'sessions', In: ['cookie:sid'], ForwardCredentials: 'none', Realm: 'shop' } },
      },
    });
    await stand.open({ Cookie: 'theme=dark; sid=session-7' });
    expect(backend.requests[0]?.headers.cookie).toBe('theme=dark');
    const refusal = await (await stand.client()).upgrade({ headers: { Cookie: 'sid=session-8' } });
    expect(refusal.status).toBe(401);
    expect(refusal.get('www-authenticate')).toBe(
      'Bearer realm="shop", error="invalid_token", error_description="The session is not known."',
    );
  });
});
