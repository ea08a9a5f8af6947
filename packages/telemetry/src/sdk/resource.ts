import { randomUUID } from 'node:crypto';

import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions';
import type { GatewayMember } from '@ocelot/core';

import { WORKER_ATTRIBUTE } from '../metrics/prometheus-text.js';
import type { ProcessSettings } from '../settings/telemetry-settings.js';

/** One process; workers are processes of their own. */
const INSTANCE_ID: string = randomUUID();

/** Who tells all this: the file, else `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`, else `ocelot`. */
export function gatewayResource(settings: ProcessSettings, member: GatewayMember | undefined): Resource {
  const { serviceName, resource } = settings;
  const isOneOfSeveral = member !== undefined && member.size > 1;
  return defaultResource()
    .merge(resourceFromAttributes({ [ATTR_SERVICE_NAME]: 'ocelot', 'service.instance.id': INSTANCE_ID }))
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(
      resourceFromAttributes({
        ...resource,
        ...(serviceName !== undefined && { [ATTR_SERVICE_NAME]: serviceName }),
        // As log lines count them: from 1.
        ...(isOneOfSeveral && { [WORKER_ATTRIBUTE]: String(member.index + 1) }),
      }),
    );
}
