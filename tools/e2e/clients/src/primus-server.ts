import Primus from 'primus';

import type { Attach } from './real-backend.ts';

/** What both sides must be told. */
export const PRIMUS_OPTIONS = { transformer: 'websockets', pathname: '/primus' } as const;

/** A Primus server over the transformer `websockets` that says its name first, then sends back what it gets. */
export const primusServer: Attach = (server, name) => {
  const primus = new Primus(server, { ...PRIMUS_OPTIONS, pingInterval: 100 });
  primus.on('connection', (spark) => {
    spark.write({ name });
    spark.on('data', (data: unknown) => void spark.write(data));
  });
  return { close: () => primus.destroy({ close: false }) };
};
