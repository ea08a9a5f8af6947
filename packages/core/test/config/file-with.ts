import {
  type ConfigIssue,
  inspectConfiguration,
  type JsonObject,
  type ReadOptions,
  type Route,
  readConfiguration,
} from '../../src/index.js';

/** A route that says only what it must, and what the test adds. */
export function routeWith(keys: object = {}): JsonObject {
  return {
    UpstreamPathTemplate: '/chat/{room}',
    DownstreamPathTemplate: '/{room}',
    DownstreamScheme: 'ws',
    DownstreamHostAndPorts: [{ Host: 'localhost', Port: 5001 }],
    ...keys,
  };
}

/** A file with one such route. */
export function fileWith(route: object = {}, global: object = {}): object {
  return { Routes: [routeWith(route)], GlobalConfiguration: global };
}

/** The route that the file's only entry becomes. */
export function readRoute(route: object = {}, global: object = {}): Route {
  const [read] = readConfiguration(fileWith(route, global)).routes;
  if (read === undefined) throw new Error('The file has no route.');
  return read;
}

/** Every issue as `severity kind pointer`. */
export function findings(file: object, options: ReadOptions = {}): readonly string[] {
  return inspectConfiguration(file, options).issues.map(shown);
}

function shown(issue: ConfigIssue): string {
  return `${issue.severity} ${issue.kind} ${issue.source.slice(issue.source.indexOf('#') + 1)}`;
}
