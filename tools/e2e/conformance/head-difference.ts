/** Header lines that only one of two heads has, in order of appearance; and whether the rest keeps its order. */
export interface HeadDifference {
  readonly removed: readonly string[];
  readonly added: readonly string[];
  readonly keepsOrder: boolean;
}

/** Compares a head as its receiver saw it without a gateway and with one. */
export function headDifference(direct: string, through: string): HeadDifference {
  const [before, after] = [linesOf(direct), linesOf(through)];
  const removed = without(before, after);
  const added = without(after, before);
  return { removed, added, keepsOrder: same(without(before, removed), without(after, added)) };
}

function linesOf(head: string): readonly string[] {
  return head.split('\r\n').filter((line) => line !== '');
}

/** What is left when each line of `taken` is taken out once. */
function without(lines: readonly string[], taken: readonly string[]): readonly string[] {
  const rest = [...taken];
  return lines.filter((line) => {
    const index = rest.indexOf(line);
    if (index >= 0) rest.splice(index, 1);
    return index < 0;
  });
}

/** The lines of the handshake itself stand first, whatever order they came in: only what passes has an order to keep. */
const OWN = /^(?:GET|HTTP|Host|Connection|Upgrade|Sec-WebSocket-(?:Version|Key))\b/i;

function same(one: readonly string[], two: readonly string[]): boolean {
  const passed = (lines: readonly string[]): string => lines.filter((line) => !OWN.test(line)).join('\n');
  return passed(one) === passed(two);
}
