import type { Plugin } from '@ocelot/core';

import { CommandError } from './command-error.js';
import { EXIT_CODES } from './exit-codes.js';

/** Knows which services could not be looked up so far. */
export interface DiscoveryCheck {
  /** Listens to the gateway's events. */
  readonly plugin: Plugin;
  /**
   * For `--require-discovery`, once the gateway has started. Nothing is listened to afterwards.
   * @throws CommandError with exit code 1 when a registry could not be asked.
   */
  assertReached(): void;
}

/** Makes a check for one gateway. */
export function createDiscoveryCheck(): DiscoveryCheck {
  const failures = new Map<string, Error>();
  let isOver = false;
  return {
    plugin: {
      name: 'discovery-check',
      setup(registry) {
        registry.telemetry({
          // Whoever listens has events made for each request: only the start is of interest.
          get isListening() {
            return !isOver;
          },
          record(event) {
            if (event.type === 'discovery.failed') failures.set(event.service.name, event.error);
            else if (event.type === 'endpoints.changed') failures.delete(event.service.name);
          },
        });
      },
    },
    assertReached() {
      isOver = true;
      const [first] = failures.values();
      if (first === undefined) return;
      throw new CommandError(
        `The service registry cannot be asked for ${[...failures.keys()].join(', ')}: ${first.message}`,
        'Start the registry, or leave --require-discovery out: the gateway then starts and goes on trying.',
        EXIT_CODES.failure,
        first,
      );
    },
  };
}
