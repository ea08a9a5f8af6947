import type { GatewayConfig } from '../config/gateway-config.js';
import type { ConnectionLedger } from '../contracts/connection-ledger.js';
import type { Route } from '../contracts/route.js';
import type { Phase, Stage } from '../contracts/stage.js';
import { addressRules, originRules } from '../pipeline/admission-rules.js';
import { connectionLimits } from '../pipeline/connection-limits.js';
import { requestTransforms } from '../pipeline/header-transforms.js';
import type { BoundStage } from '../pipeline/run-stages.js';
import { unenforcedSecurity } from '../pipeline/unenforced.js';
import type { PluginRegistry } from './registry.js';

const PHASES: readonly Phase[] = ['begin', 'admit', 'authenticate', 'authorize', 'transform'];

/** What binding stages draws on. */
export interface StageContext {
  readonly registry: PluginRegistry;
  readonly ledger: ConnectionLedger;
}

/**
 * The stages of a route in the order of phases, ours before the plugins' within a phase.
 * @param countId Under which name the route's connections are counted.
 * @throws ConfigError when a plugin refuses the route.
 */
export function bindStages(
  route: Route,
  config: GatewayConfig,
  { registry, ledger }: StageContext,
  countId: string,
): readonly BoundStage[] {
  const stages: BoundStage[] = [];
  const add = (name: string, run: Stage | undefined): void => {
    if (run !== undefined) stages.push({ name, run });
  };
  const registered = registry.stages.map((definition) => ({ definition, run: definition.forRoute(route, config) }));
  const enforcing = registered.filter(({ run }) => run !== undefined).map(({ definition }) => definition);
  for (const phase of PHASES) {
    if (phase === 'admit') {
      add('unenforced-security', unenforcedSecurity(route, enforcing));
      add('ip-rules', addressRules(route));
      add('origins', originRules(route));
    }
    if (phase === 'transform') add('header-transforms', requestTransforms(route, config.settings.baseUrl));
    for (const { definition, run } of registered) {
      if (definition.phase === phase) add(definition.name, run);
    }
    // After authorization: a client that may not come in does not use up what others may open.
    if (phase === 'authorize') add('connection-limits', connectionLimits(route, countId, ledger, registry.record));
  }
  return stages;
}
