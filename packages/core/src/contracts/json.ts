/** Any JSON value. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object, such as the options of a discovery provider or of a balancing policy. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}
