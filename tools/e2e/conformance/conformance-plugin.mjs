// Loaded into the gateway under test: names each connection in its log, and brings the message hook of messages mode.
//
// Why it exists: a run has to find the one log line that tells about it; and a route is in messages mode only where
// somebody registered a hook.
const identity = { message: () => (message) => message };

/** @type {import('@ocelot/core').Plugin} */
export const plugin = {
  name: 'conformance',
  setup(registry) {
    registry.stage({
      name: 'conformance-target',
      phase: 'admit',
      forRoute: () => (exchange) => exchange.log.info({ target: exchange.request.path }, 'conformance run'),
    });
    if (process.env.CONFORMANCE_HOOK !== 'identity') return;
    registry.tap({ name: 'conformance-identity', forRoute: () => identity });
  },
};
