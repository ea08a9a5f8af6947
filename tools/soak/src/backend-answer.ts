import type { Socket } from 'node:net';

import { resetSocket, switchingHead } from '@ocelot/test-support';

import type { Handshake } from './conversation-plan.js';

/** What a backend that refuses says; the client must get it as it is. */
export const REFUSAL_BODY = '{"reason":"not today"}';

/** A late answer comes after so many milliseconds. */
const LATE_MS = 150;

/**
 * Answers a handshake as the plan has it.
 * @returns whether a WebSocket is open now.
 */
export async function answerHandshake(socket: Socket, head: string, handshake: Handshake): Promise<boolean> {
  const key = /^sec-websocket-key: (\S+)$/im.exec(head)?.[1] ?? '';
  switch (handshake) {
    case 'accepts':
      return socket.write(switchingHead(key)) || true;
    case 'accepts late':
      await new Promise((resolve) => setTimeout(resolve, LATE_MS));
      // Whoever asked has given up meanwhile: its end was told when nobody listened yet.
      if (socket.readableEnded) break;
      if (!socket.destroyed && socket.writable) socket.write(switchingHead(key));
      return !socket.destroyed;
    case 'refuses':
      socket.end(
        `HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nSet-Cookie: a=b\r\n` +
          `Content-Length: ${REFUSAL_BODY.length}\r\n\r\n${REFUSAL_BODY}`,
      );
      break;
    case 'answers with a wrong key':
      socket.write(switchingHead('d3JvbmcgYWNjZXB0IGtleQ=='));
      break;
    case 'answers nonsense':
      socket.write('SSH-2.0-OpenSSH_9.9\r\n\r\n');
      break;
    case 'cuts its answer':
      socket.end(switchingHead(key).slice(0, 40));
      break;
    case 'resets':
      resetSocket(socket);
      break;
    case 'never answers':
      break;
    default:
      handshake satisfies never;
  }
  socket.resume();
  if (socket.readableEnded) socket.end();
  else socket.once('end', () => socket.end());
  return false;
}

/** The statuses with which the gateway tells of each handshake that fails, when nothing else does. */
export const EXPECTED_STATUS: Readonly<Record<Handshake, number>> = {
  accepts: 101,
  'accepts late': 101,
  refuses: 403,
  'answers with a wrong key': 502,
  'answers nonsense': 502,
  'cuts its answer': 502,
  resets: 502,
  'never answers': 504,
};
