// Loaded into the gateway under test: every message passes through a hook that returns it as it is.
//
// Why it exists: a route is in messages mode only where somebody registered a hook. A route asks by its path: /messages/….

/** @type {import('@ocelot/core').Plugin} */
export const plugin = {
  name: 'identity',
  setup(registry) {
    registry.tap({
      name: 'identity',
      forRoute: ({ file }) =>
        file.UpstreamPathTemplate?.startsWith('/messages') === true
          ? { message: () => (message) => message }
          : undefined,
    });
  },
};
