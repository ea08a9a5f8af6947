import { type ConfigDocument, ConfigError, type ConfigIssue, type GatewayConfig } from '@ocelot/core';

import { configPlace } from '../config-place.js';
import type { Terminal } from '../terminal.js';
import { readAdminSettings } from './admin-settings.js';

const SECTION = ['GlobalConfiguration', 'Gateway', 'Admin'];

/** Reads `Gateway.Admin` as the gateway will. @returns every problem, with the place of its key. */
export async function checkAdmin(
  config: GatewayConfig,
  document: ConfigDocument,
  terminal: Pick<Terminal, 'cwd' | 'env'>,
): Promise<readonly ConfigIssue[]> {
  try {
    await readAdminSettings(config, terminal, (key) => {
      const path = [...SECTION, key];
      return configPlace(document, path) ?? { source: `${document.fileName}#/${path.join('/')}` };
    });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.issues;
    throw error;
  }
}
