/** RFC 9110 §5.6.2: what a method and the name of a header are made of. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Whether a text can be a method or the name of a header. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}
