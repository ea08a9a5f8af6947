import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A port whose connections are never established, as behind a firewall that drops packets. */
export interface BlackHole {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens with the shortest queue, says where, and then sleeps for good without accepting anybody. */
const SLEEPER = `
  const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    require('node:fs').writeSync(1, String(server.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

/** A listening socket whose queue is full: the system answers nobody who knocks (Linux drops their SYN). */
export async function blackHole(): Promise<BlackHole> {
  const child = spawn(process.execPath, ['-e', SLEEPER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(said.toString());
  const waiting: Socket[] = [];
  for (let established = true; established && waiting.length < 64;) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined); // The end of the child resets it.
    waiting.push(socket);
    established = await Promise.race([once(socket, 'connect').then(() => true), sleep(150, false)]);
  }
  return {
    port,
    async close() {
      for (const socket of waiting) socket.destroy();
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
