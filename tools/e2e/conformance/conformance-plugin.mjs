// Loaded into the gateway under test: names each connection in its log, and brings taps where a route asks for one.
//
// Why it exists: a run has to find the one log line that tells about it; and a route is in messages mode only where
// somebody registered a hook. A route asks by its path: /MODE-TAP-… .

import { GatewayError } from '@ocelot/core';

/** What each tap does with whatever it sees first. */
const TAPS = {
  plain: () => undefined,
  throwing() {
    throw new Error('as the scenario asked');
  },
  closing: (session) => session.close(4100, 'enough'),
  failing: (session) => session.fail(new GatewayError('OCELOT_ERR_TOKEN_EXPIRED')),
};

/** @type {(mode: string, tap: string) => import('@ocelot/core').RouteTap | undefined} */
function tapOf(mode, tap) {
  const act = TAPS[tap] ?? TAPS.plain;
  if (mode === 'messages') {
    return {
      message: (session) => (message) => {
        act(session);
        return message;
      },
    };
  }
  if (mode === 'opaque' || act === TAPS.plain) return undefined;
  return { observe: (session) => ({ frame: () => act(session) }) };
}

/** @type {import('@ocelot/core').Plugin} */
export const plugin = {
  name: 'conformance',
  setup(registry) {
    registry.stage({
      name: 'conformance-target',
      phase: 'admit',
      forRoute: () => (exchange) => exchange.log.info({ target: exchange.request.path }, 'conformance run'),
    });
    registry.tap({
      name: 'conformance-tap',
      forRoute({ file }) {
        const [, mode, tap] = /^\/(\w+)-(\w+)/.exec(file.UpstreamPathTemplate ?? '') ?? [];
        return mode === undefined ? undefined : tapOf(mode, tap);
      },
    });
  },
};
