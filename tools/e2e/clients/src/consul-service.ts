import type { TestConsul } from '@ocelot/test-support';

import type { StackBackend } from './real-backend.ts';

/** A service of a real Consul, and what `ocelot.json` says of it. The Consul belongs to whoever started it. */
export class ConsulService {
  readonly #consul: TestConsul;
  readonly #name: string;

  /** @param name Its own for each stand: instances stay registered when a stand closes. */
  constructor(consul: TestConsul, name: string) {
    this.#consul = consul;
    this.#name = name;
  }

  /** Keys of a route to its instances. */
  get route(): object {
    return { ServiceName: this.#name };
  }

  /** Keys of `GlobalConfiguration`. */
  get settings(): object {
    const { host, port } = this.#consul;
    return { ServiceDiscoveryProvider: { Scheme: 'http', Host: host, Port: port, Type: 'Consul' } };
  }

  /** Registers an instance; one that is registered stays so. */
  async join({ name, port }: StackBackend): Promise<void> {
    await this.#consul.register({ id: `${this.#name}-${name}`, name: this.#name, port });
  }

  /** Deregisters an instance, which goes on running. Idempotent. */
  async leave({ name }: StackBackend): Promise<void> {
    await this.#consul.deregister(`${this.#name}-${name}`);
  }
}
