/** Finds a Consul binary, fetching one if need be: its path, or why there is none. Takes a minute at most. */
export function findConsul(): Promise<{ readonly path: string } | { readonly reason: string }>;
