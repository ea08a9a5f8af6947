import { within } from '@ocelot/test-support';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';

/** A client of MQTT.js and what it received. */
export interface MqttVisitor {
  readonly client: MqttClient;
  /** The next message of a topic, subscribed to beforehand. */
  readonly next: (topic: string) => Promise<Buffer>;
  /** Name of the broker that it is connected to. */
  readonly broker: () => Promise<string>;
  readonly end: () => Promise<void>;
}

/** Connects MQTT.js over WebSockets; it tries again each 100 ms when it is cut, as its `reconnectPeriod` says. */
export async function mqttVisitor(url: string, options: IClientOptions = {}): Promise<MqttVisitor> {
  const client = mqtt.connect(url, { reconnectPeriod: 100, connectTimeout: 10_000, ...options });
  client.on('error', () => undefined); // Refused while the broker is away; a test that needs it waits for `connect`.
  const next = (topic: string): Promise<Buffer> =>
    within(
      new Promise((resolve) => {
        const take = (of: string, payload: Buffer): void => {
          if (of !== topic) return;
          client.off('message', take);
          resolve(payload);
        };
        client.on('message', take);
      }),
      `a message of ${topic}`,
    );
  try {
    await within(new Promise((resolve) => client.once('connect', resolve)), 'the CONNACK of the broker');
  } catch (error) {
    client.end(true);
    throw error;
  }
  return {
    client,
    next,
    broker: async () => {
      const name = next('broker/name');
      await client.subscribeAsync('broker/name');
      return String(await name);
    },
    end: () => client.endAsync(true),
  };
}
