/** What the tests may need beside npm's packages. */
export type ProgramName = 'nats-server' | 'mosquitto' | 'python' | 'redis-server' | 'promtool' | 'chromium';

/** A program that runs here, or why there is none. */
export type Found =
  | {
      readonly path: string;
      /** To be added to the program's environment. */
      readonly environment: Readonly<Record<string, string>>;
      /** The line in which it tells its version. */
      readonly version: string;
    }
  | { readonly reason: string };

/** Finds a program, fetching it from Debian if need be; takes a minute at most, promtool one and a half, Chromium three. */
export function findProgram(name: ProgramName): Promise<Found>;
