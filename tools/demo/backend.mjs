// A backend for the demo: says which one it is, echoes what it gets, and ticks every two seconds.
import { WebSocketServer } from 'ws';

const TICK_MS = 2_000;

/**
 * Starts the backend `name` on `port`, or on any free port when that one is taken.
 * @returns its port, and what closes it.
 */
export async function startBackend(name, port) {
  const server = (await open(port)) ?? (await open(0));
  let sockets = 0;
  server.on('connection', (socket, request) => {
    sockets += 1;
    let ticks = 0;
    const say = (fields) => socket.send(JSON.stringify({ backend: name, ...fields }));
    say({ type: 'hello', number: sockets, path: request.url });
    const timer = setInterval(() => {
      ticks += 1;
      say({ type: 'tick', text: `tick ${ticks}` });
    }, TICK_MS);
    socket.on('message', (data) => {
      const text = String(data).slice(0, 1_000);
      const close = /^close (\d{4})$/.exec(text);
      if (close === null) say({ type: 'echo', text });
      else socket.close(Math.min(Math.max(Number(close[1]), 3_000), 4_999), `backend ${name} was asked to`);
    });
    socket.on('error', (error) => console.error(`backend ${name}: ${error.message}`));
    socket.on('close', () => clearInterval(timer));
  });
  return {
    port: server.address().port,
    async close() {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** A listening server, or undefined when the port is taken. */
function open(port) {
  return new Promise((resolve, reject) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port, maxPayload: 1_000_000 });
    server.once('listening', () => resolve(server));
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
  });
}
