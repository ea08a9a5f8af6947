/** Methods of RFC 9110 §9.3, PATCH (RFC 5789) and QUERY; others are one label, as OpenTelemetry says. */
const METHODS = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE']);

/** Close codes of RFC 6455 §7.4.1 and of IANA's registry that mean something everywhere. */
const CLOSE_CODES = new Set([
  1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 3000, 3003, 3008,
]);

/** The method as a label: clients may send any token. */
export function methodLabel(method: string): string {
  return METHODS.has(method) ? method : '_OTHER';
}

/**
 * The Close code as a label: 4000 to 4999 belong to applications, so only those that the gateway itself sends stand
 * for themselves.
 * @param own Whether the gateway chose the code.
 */
export function closeCodeLabel(code: number | undefined, own: boolean): string {
  if (code === undefined) return 'none';
  return own || CLOSE_CODES.has(code) ? String(code) : 'other';
}

/** The status as a label; backends may send any number of three digits. */
export function statusLabel(status: number): number | string {
  return status >= 100 && status <= 599 ? status : 'other';
}
