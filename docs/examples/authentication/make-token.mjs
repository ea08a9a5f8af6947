import { SignJWT } from 'jose';

/** What the login of an application does: signs who somebody is, and which room is his, for some seconds. */
function makeToken(user, room, seconds) {
  return new SignJWT({ scope: 'chat', room })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('https://login.example.com')
    .setAudience('chat')
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime(`${seconds}s`)
    .sign(new TextEncoder().encode(process.env.TOKEN_SECRET));
}

const [user, room, seconds = '3600'] = process.argv.slice(2);
console.log(await makeToken(user, room, seconds));
