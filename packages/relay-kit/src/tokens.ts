/** Characters of a token (RFC 9110 §5.6.2). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const TAB = 0x09;
const SPACE = 0x20;

/** Whether a text is a token (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * Takes the blanks off both ends: SP and HT, nothing else (RFC 9110 §5.6.3). `trim()` takes more, such as U+00A0, and
 * would see a token where other readers of the same header see none.
 */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** The values of one header name, compared without case, in order. */
export function headerValues(rawHeaders: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const present = rawHeaders[i] ?? '';
    // Most names differ in length already: the text is folded only where it might fit.
    if (present.length !== name.length || present.toLowerCase() !== name) continue;
    values.push(trimBlanks(rawHeaders[i + 1] ?? ''));
  }
  return values;
}

/** The elements of a comma-separated list over several lines; empty elements do not count (RFC 9110 §5.6.1). */
export function listElements(values: readonly string[]): readonly string[] {
  const [only = ''] = values;
  if (values.length <= 1 && !only.includes(',')) return trimBlanks(only) === '' ? [] : [trimBlanks(only)];
  return values
    .flatMap((value) => value.split(','))
    .map(trimBlanks)
    .filter((element) => element !== '');
}

/** Whether a list names `token`, compared without case. */
export function hasToken(values: readonly string[], token: string): boolean {
  return listElements(values).some((element) => element.toLowerCase() === token);
}
