import type { ControlCall } from './control-desk.js';

/** The call that a request names, or why there is none. */
export type FoundCall =
  | { readonly kind: 'found'; readonly call: ControlCall; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'unknown' }
  /** There are calls of that path, by these methods. */
  | { readonly kind: 'other-method'; readonly methods: readonly string[] };

/**
 * Finds the call of a method and a path. A path without placeholders wins over one with them; HEAD is a GET whose body
 * is not sent.
 */
export function findCall(calls: readonly ControlCall[], method: string, path: string): FoundCall {
  const matches = calls.flatMap((call) => {
    const params = paramsOf(call.path, path);
    return params === undefined ? [] : [{ call, params }];
  });
  const wanted = method === 'HEAD' ? 'GET' : method;
  const ofMethod = matches
    .filter(({ call }) => call.method === wanted)
    .toSorted((one, other) => Object.keys(one.params).length - Object.keys(other.params).length);
  const [first] = ofMethod;
  if (first !== undefined) return { kind: 'found', ...first };
  if (matches.length === 0) return { kind: 'unknown' };
  return { kind: 'other-method', methods: [...new Set(matches.map(({ call }) => call.method))] };
}

/** @returns undefined when the path is another one. */
function paramsOf(template: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = template.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const text = decoded(given[index] ?? '');
    const name = /^\{(.+)\}$/.exec(segment)?.[1];
    if (text === undefined || (name === undefined && text !== segment)) return undefined;
    if (name === undefined) continue;
    if (text === '') return undefined;
    params[name] = text;
  }
  return params;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined; // Half an escape sequence: no call has such a path.
  }
}
