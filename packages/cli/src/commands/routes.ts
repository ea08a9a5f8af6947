import { type Route, matchingOrder, readConfiguration } from '@ocelot/core';
import picocolors from 'picocolors';

import { type PluginFlags, readInputs } from '../command-inputs.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { addressesOf } from '../route-addresses.js';
import { supportedKeys } from '../supported-keys.js';
import { type Terminal, isColourful } from '../terminal.js';
import { table } from '../text-table.js';
import { withoutSecrets } from '../without-secrets.js';

/**
 * `ocelot routes`: the compiled routes in the order in which they are asked.
 * @throws CommandError, ConfigError
 */
export async function routes(
  paths: readonly string[],
  flags: PluginFlags & { readonly json?: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const { document, plugins } = await readInputs(paths, flags, terminal);
  const config = readConfiguration(document, { supportedKeys: supportedKeys(plugins) });
  const ordered = matchingOrder(config.routes);
  if (flags.json === true) {
    const shape = { routes: ordered, dynamic: config.dynamic ?? null };
    terminal.stdout.write(`${JSON.stringify(shape, withoutSecrets, 2)}\n`);
    return EXIT_CODES.done;
  }
  const { dim } = picocolors.createColors(isColourful(terminal.stdout, terminal.env));
  if (ordered.length > 0) terminal.stdout.write(table(HEADINGS, ordered.map(cells), dim));
  if (config.dynamic !== undefined) {
    const entries = config.dynamic.entries.map((route) => ['/{service}/…', ...cells(route).slice(1)]);
    const fallback = [
      '/{service}/…',
      ...cells(config.dynamic.fallback).slice(1, 4),
      'the service named in the path',
      '',
    ];
    terminal.stdout.write(`${ordered.length > 0 ? '\n' : ''}dynamic routing:\n`);
    terminal.stdout.write(table(HEADINGS, [...entries, fallback], dim));
  }
  if (ordered.length === 0 && config.dynamic === undefined)
    terminal.stderr.write('There is no route: every request is answered with 404. See ocelot init.\n');
  return EXIT_CODES.done;
}

const HEADINGS = ['path', 'host', 'methods', 'priority', 'backends', 'balancer', 'id'];

function cells(route: Route): string[] {
  const { match } = route;
  const headers = Object.entries(match.headers).map(([name, value]) => ` [${name}: ${value}]`);
  return [
    match.pathTemplate + headers.join(''),
    match.host ?? '*',
    match.methods.length === 0 ? 'any' : match.methods.join(','),
    String(match.priority),
    addressesOf(route).join(' ') + route.rewrite.pathTemplate,
    route.balancing.type === '' ? 'NoLoadBalancer' : route.balancing.type,
    route.id,
  ];
}
