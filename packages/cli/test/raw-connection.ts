import { once } from 'node:events';
import { type Socket, connect } from 'node:net';

import { onTestFinished } from 'vitest';

/** A TCP connection to this machine, cut at the end of the test. */
export async function rawConnection(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Sends `bytes` as they are and gives back everything that comes until the other side ends. */
export async function exchange(port: number, bytes: string): Promise<string> {
  const socket = await rawConnection(port);
  let answer = '';
  socket.setEncoding('latin1').on('data', (part: string) => (answer += part));
  const closed = once(socket, 'close');
  if (bytes !== '') socket.write(bytes, 'latin1');
  await closed;
  return answer;
}
