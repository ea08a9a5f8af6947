import type { GatewayRequest } from '../contracts/request.js';
import { readPath, type RequestPath } from './request-path.js';

/**
 * One request as the routing rules look at it: made once per match, every derived text once at most.
 *
 * @throws GatewayError UPGRADE_INVALID or REQUEST_INVALID (constructor) when the path cannot be read safely.
 */
export class RequestView {
  readonly request: GatewayRequest;
  /** The path in its matching form. */
  readonly path: string;
  /** `path` in lower case, for routes that compare without case. */
  readonly foldedPath: string;
  readonly #source: RequestPath;
  #foldedQuery: string | undefined;

  constructor(request: GatewayRequest) {
    this.request = request;
    this.#source = readPath(request);
    this.path = this.#source.text;
    this.foldedPath = this.path.toLowerCase();
  }

  get foldedQuery(): string {
    this.#foldedQuery ??= this.request.query.toLowerCase();
    return this.#foldedQuery;
  }

  /** Cuts a value out of path and query as they were received; indexes count in `path`, then in the query. */
  slice(from: number, to: number): string {
    const { raw, offsets } = this.#source;
    if (offsets === undefined && to <= raw.length) return raw.slice(from, to);
    const { query } = this.request;
    return (raw + query).slice(this.#offset(from), this.#offset(to));
  }

  #offset(index: number): number {
    const { raw, text, offsets } = this.#source;
    return index <= text.length ? (offsets?.[index] ?? index) : index - text.length + raw.length;
  }
}
