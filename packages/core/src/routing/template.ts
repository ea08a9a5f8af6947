/**
 * A template cut at its `{placeholders}`: `literals[0] {names[0]} literals[1] {names[1]} …`; there is always one literal
 * more than names.
 */
export interface Template {
  readonly literals: readonly string[];
  readonly names: readonly string[];
}

/**
 * Cuts a path template at its placeholders. Every text between braces is a name, also the empty one and `id:guid`
 * (Ocelot knows no constraints); a brace without its partner is a literal.
 */
export function parseTemplate(text: string): Template {
  return cut(text, /\{([^{}]*)\}/g);
}

/** Cuts a header template at its `{header:name}`; other braces are literals (Ocelot: UpstreamHeaderTemplates). */
export function parseHeaderTemplate(text: string): Template {
  return cut(text, /\{header:([^{}]*)\}/g);
}

/**
 * Whether a template is exactly one placeholder after the slash. It matches every path, and its priority is 0 whatever
 * the file says (Ocelot: UpstreamTemplatePatternCreator).
 */
export function isCatchAllTemplate(text: string): boolean {
  return /^\/\{[^{}]*\}$/.test(text);
}

function cut(text: string, placeholder: RegExp): Template {
  const literals: string[] = [];
  const names: string[] = [];
  let from = 0;
  for (const match of text.matchAll(placeholder)) {
    literals.push(text.slice(from, match.index));
    names.push(match[1] ?? '');
    from = match.index + match[0].length;
  }
  literals.push(text.slice(from));
  return { literals, names };
}
