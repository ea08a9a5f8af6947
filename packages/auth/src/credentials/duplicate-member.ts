// Runs once per client that sends its token in a message; one pass over a text that JSON.parse has taken already. By
// characters: a regular expression overflows its stack on a long string.

/**
 * Whether an object in a JSON text has two members of one name. JSON.parse takes the last one, other readers the first
 * (RFC 8259 §4): what is checked here would not be what is read there.
 * @param json Valid: what JSON.parse takes.
 */
export function hasDuplicateMember(json: string): boolean {
  /** Names of the objects that are open; undefined for arrays. */
  const open: (Set<string> | undefined)[] = [];
  let last = '';
  for (let index = 0; index < json.length; index += 1) {
    const character = json[index];
    if (character === '{') open.push(new Set());
    else if (character === '[') open.push(undefined);
    else if (character === '}' || character === ']') open.pop();
    else if (character === '"') {
      const end = endOfString(json, index);
      last = json.slice(index, end);
      index = end - 1;
    } else if (character === ':') {
      const name = JSON.parse(last) as string;
      const names = open.at(-1);
      if (names?.has(name) === true) return true;
      names?.add(name);
    }
  }
  return false;
}

/** The place behind the quote that ends a string. */
function endOfString(json: string, start: number): number {
  for (let index = start + 1; index < json.length; index += 1) {
    if (json[index] === '\\') index += 1;
    else if (json[index] === '"') return index + 1;
  }
  return json.length;
}
