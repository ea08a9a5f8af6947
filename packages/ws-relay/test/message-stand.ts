import { expect } from 'vitest';

import type { BoundTap, Plugin, RouteTap } from '@ocelot/core';

import {
  type BackendConnection,
  encodeFrame,
  OPCODE,
  type RawClient,
  type ScriptedBackend,
} from '@ocelot/test-support';
import type { GatewayStand } from './gateway-stand.js';

/** A plugin whose taps act on every route, in this order. */
export function taps(...definitions: readonly BoundTap[]): Plugin {
  return {
    name: 'taps',
    setup(registry) {
      for (const { name, tap } of definitions) registry.tap({ name, forRoute: () => tap });
    },
  };
}

/** A plugin with one tap. */
export function tapped(tap: RouteTap): Plugin {
  return taps({ name: 'test', tap });
}

/** A tap that lets every message pass: its route is in messages mode. */
export const pass: RouteTap = { message: () => (message) => message };

/** Both ends of a session. */
export interface Ends {
  readonly client: RawClient;
  readonly connection: BackendConnection;
  /** What the backend was asked. */
  readonly request: Awaited<ReturnType<BackendConnection['accept']>>;
  readonly answer: Awaited<ReturnType<RawClient['upgrade']>>;
}

/** Opens a session through the stand; the backend answers with `accepted`. */
export async function openEnds(
  stand: GatewayStand,
  backend: ScriptedBackend,
  headers: Readonly<Record<string, string>> = {},
  accepted: Readonly<Record<string, string>> = {},
): Promise<Ends> {
  const client = await stand.client();
  const index = backend.connections.length;
  const upgraded = client.upgrade({ headers });
  const connection = await backend.connection(index);
  const request = await connection.accept(accepted);
  const answer = await upgraded;
  expect(answer.status).toBe(101);
  return { client, connection, request, answer };
}

/** A text message in one frame. */
export const text = (payload: string, mask = false): Buffer => encodeFrame({ opcode: OPCODE.text, payload, mask });
