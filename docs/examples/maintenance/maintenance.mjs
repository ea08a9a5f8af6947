const address = ({ host, port }) => `${host}:${port}`;

/** Leaves out what was taken out; gives the same array back while nothing changes, because policies cache on it. */
function guardOf(takenOut) {
  let [given, seen, left] = [];
  return {
    filter(candidates) {
      const now = takenOut();
      if (candidates !== given || now !== seen) {
        const kept = candidates.filter(({ endpoint }) => !now.has(address(endpoint)));
        [given, seen, left] = [candidates, now, kept.length === candidates.length ? candidates : kept];
      }
      return left;
    },
  };
}

/** Takes endpoints out of rotation by a call on the control address; open sockets stay where they are. */
export function maintenance() {
  let out = new Set();
  const change = (next) => {
    out = next;
    return { status: 200, contentType: 'application/json', body: JSON.stringify([...out]) };
  };
  return {
    name: 'maintenance',
    setup(registry) {
      registry.guard({ name: 'maintenance', forRoute: () => guardOf(() => out) });
      registry.control({
        method: 'PUT',
        path: '/endpoints/{address}/out',
        description: 'Gives an endpoint (host:port) no new work.',
        handle: ({ params }) => change(new Set([...out, params.address])),
      });
      registry.control({
        method: 'DELETE',
        path: '/endpoints/{address}/out',
        description: 'Gives it work again.',
        handle: ({ params }) => change(new Set([...out].filter((each) => each !== params.address))),
      });
    },
  };
}
