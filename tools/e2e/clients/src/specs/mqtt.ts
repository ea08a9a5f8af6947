import { within } from '@ocelot/test-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { nextEvent } from '../events.ts';
import { mosquittoBrokers } from '../mosquitto-brokers.ts';
import { mqttBroker } from '../mqtt-broker.ts';
import { mqttVisitor, type MqttVisitor } from '../mqtt-client.ts';
import type { NeededProgram } from '../needed-program.ts';
import type { StackBackend } from '../real-backend.ts';
import { startStand, startStandBefore, type Stand, type TitledLayout } from '../stand.ts';

/** Larger than any buffer on the way. */
const BIG_BYTES = 200_000;

const ROUTE = { LoadBalancerOptions: { Type: 'RoundRobin' } };

/** MQTT.js and Aedes. */
export function describeAedes(layout: TitledLayout): void {
  describe(`MQTT.js 5.16 and Aedes 1.2 ${layout.title}`, () => {
    itSpeaksMqtt(() => startStand({ ...layout, attach: mqttBroker, route: ROUTE }), 'takes big messages');
  });
}

/** MQTT.js and Mosquitto; skipped loudly where there is none. */
export function describeMosquitto(program: NeededProgram | undefined, layout: TitledLayout): void {
  describe.skipIf(program === undefined)(`MQTT.js 5.16 and Mosquitto 2.0 ${layout.title}`, () => {
    itSpeaksMqtt(async () => {
      if (program === undefined) throw new Error('skipped without mosquitto');
      const brokers = mosquittoBrokers(program, layout.backends);
      return startStandBefore(brokers, { secure: layout.secure, route: ROUTE });
      // Mosquitto 2.0.11 stalls on 200 kB over WebSocket, without a gateway as well.
    }, 'stalls on big messages');
  });
}

/** What MQTT.js does with a broker, whichever it is. */
function itSpeaksMqtt(
  start: () => Promise<Stand<StackBackend>>,
  manners: 'takes big messages' | 'stalls on big messages',
): void {
  let stand: Stand<StackBackend>;
  const visitors: MqttVisitor[] = [];
  const visit = async (options = {}): Promise<MqttVisitor> => {
    const visitor = await mqttVisitor(stand.url('ws', '/mqtt'), options);
    visitors.push(visitor);
    return visitor;
  };
  beforeAll(async () => {
    stand = await start();
  });
  afterAll(async () => {
    for (const visitor of visitors) await visitor.end();
    await stand.close();
  });

  it('publishes and receives with every quality of service', async () => {
    const { client, next } = await visit();
    for (const qos of [0, 1, 2] as const) {
      await client.subscribeAsync(`qos/${qos}`, { qos });
      const arrived = next(`qos/${qos}`);
      await client.publishAsync(`qos/${qos}`, `with ${qos}`, { qos });
      expect(String(await arrived)).toBe(`with ${qos}`);
    }
  });

  if (manners === 'takes big messages')
    it('carries 200 kB in one message', async () => {
      const { client, next } = await visit();
      const payload = Buffer.alloc(BIG_BYTES, 'ocelot');
      await client.subscribeAsync('big', { qos: 1 });
      const arrived = next('big');
      await client.publishAsync('big', payload, { qos: 1 });
      expect(payload.equals(await arrived)).toBe(true);
    });

  it('keeps the session alive by PINGREQ and PINGRESP', async () => {
    const { client } = await visit({ keepalive: 1 });
    const answered = new Promise((resolve) => {
      client.on('packetreceive', (packet) => {
        if (packet.cmd === 'pingresp') resolve(packet);
      });
    });
    expect(await within(answered, 'the PINGRESP')).toMatchObject({ cmd: 'pingresp' });
  });

  it('delivers the last will of a client that is cut off', async () => {
    const [witness, victim] = await samePair(visit, stand.backends.length, {
      will: { topic: 'wills', payload: Buffer.from('gone'), qos: 1, retain: false },
    });
    await witness.client.subscribeAsync('wills', { qos: 1 });
    const told = witness.next('wills');
    victim.client.stream.destroy();
    expect(String(await told)).toBe('gone');
    await victim.end();
  });

  it('connects again by itself after its broker was restarted, and receives what it had subscribed to', async () => {
    const { client, next, broker } = await visit();
    await client.subscribeAsync('news', { qos: 1 });
    const name = stand.backends.length === 1 ? 'one' : await broker();
    const away = nextEvent(client, 'close', 'the end of the connection');
    await stand.backend(name).crash();
    await away;
    const back = nextEvent(client, 'connect', 'the new connection');
    await stand.backend(name).start();
    await back;
    // MQTT.js subscribes anew on its own: what is published behind that has to arrive.
    const arrived = next('news');
    await client.publishAsync('news', 'still here', { qos: 1 });
    expect(String(await arrived)).toBe('still here');
  });
}

/** Two clients at one broker: with two of them, the third client meets one that is there already. */
async function samePair(
  visit: (options?: object) => Promise<MqttVisitor>,
  backends: number,
  options: object,
): Promise<readonly [MqttVisitor, MqttVisitor]> {
  const victim = await visit(options);
  if (backends === 1) return [await visit(), victim];
  const home = await victim.broker();
  for (let tries = 0; tries < 4; tries += 1) {
    const witness = await visit();
    if ((await witness.broker()) === home) return [witness, victim];
  }
  throw new Error(`four clients in a row met another broker than ${home}`);
}
