/** One metric in the text of several workers: its comment lines once, then the samples of all. */
interface Family {
  readonly comments: readonly string[];
  readonly samples: string[];
}

/**
 * Makes one text of those of several workers, each of which tells itself apart by a label of its own. Nothing is summed:
 * a worker that is replaced begins at 0, and only in a series of its own does Prometheus see that as a restart.
 */
export function mergeTexts(texts: readonly string[]): string {
  const families = new Map<string, Family>();
  for (const text of texts)
    for (const { name, family } of familiesOf(text)) {
      const known = families.get(name);
      if (known === undefined) families.set(name, family);
      else known.samples.push(...family.samples);
    }
  const blocks = [...families.values()].map(({ comments, samples }) => [...comments, ...samples].join('\n'));
  return `${blocks.join('\n\n')}\n`;
}

function familiesOf(text: string): { readonly name: string; readonly family: Family }[] {
  const found: { readonly name: string; readonly family: { comments: string[]; samples: string[] } }[] = [];
  for (const line of text.split('\n')) {
    const [, name] = /^# (?:HELP|TYPE|UNIT) (\S+)/.exec(line) ?? [];
    const last = found.at(-1);
    if (name !== undefined && last?.name !== name) found.push({ name, family: { comments: [line], samples: [] } });
    else if (name !== undefined) last?.family.comments.push(line);
    else if (line !== '' && !line.startsWith('#')) last?.family.samples.push(line);
  }
  return found;
}
