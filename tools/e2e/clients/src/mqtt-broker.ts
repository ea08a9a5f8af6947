import { Aedes } from 'aedes';
import { WebSocketServer, createWebSocketStream } from 'ws';

import type { Attach } from './real-backend.ts';

/**
 * Aedes, a broker after MQTT 3.1.1, on the path it is asked for. It keeps the retained message `broker/name` with its
 * name, so that clients know who they are connected to.
 */
export const mqttBroker: Attach = (server, name) => {
  const broker = new Aedes();
  const ready = broker.listen().then(
    () =>
      new Promise<void>((resolve, reject) => {
        const packet = {
          cmd: 'publish',
          topic: 'broker/name',
          payload: name,
          qos: 0,
          retain: true,
          dup: false,
        } as const;
        broker.publish(packet, (error) => (error ? reject(error) : resolve()));
      }),
  );
  ready.catch(() => undefined); // Told to each client below: its connection ends.
  broker.on('clientError', () => undefined); // Of a client that is cut; its test looks at the client.
  broker.on('connectionError', () => undefined);
  const sockets = new WebSocketServer({
    server,
    handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : false),
  });
  sockets.on('connection', (socket, request) => {
    const stream = createWebSocketStream(socket);
    // Aedes 1.2 takes what came by one `read(null)` and waits for more: since Node 26 that is one chunk, not all of them.
    const read = stream.read.bind(stream);
    stream.read = (bytes?: number): unknown => read(bytes ?? (stream.readableLength || undefined));
    stream.on('error', () => undefined); // A cut ends the stream too, which is what the broker acts on.
    void ready.then(
      () => void broker.handle(stream, request),
      () => socket.terminate(),
    );
  });
  return {
    close: () => {
      sockets.close();
      broker.close();
    },
  };
};
