// The plugin of `ocelot-messages`: a hook that lets every message pass as it is, so that what remains is what messages
// mode itself costs. The file it leaves in the working folder shows that hooks were asked for at all.
import { writeFileSync } from 'node:fs';

export const HOOKED = 'hooked';

/** @type {import('@ocelot/core').Plugin} */
export const plugin = {
  name: 'bench-identity',
  setup(registry) {
    let isTold = false;
    registry.tap({
      name: 'bench-identity',
      forRoute: () => ({
        message: () => {
          if (!isTold) writeFileSync(HOOKED, '');
          isTold = true;
          return (message) => message;
        },
      }),
    });
  },
};
