import type { ControlAnswer } from '@ocelot/core';

/** An answer with a JSON body. */
export function jsonAnswer(status: number, value: unknown): ControlAnswer {
  return { status, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` };
}

/** An answer that tells a script (`code`) and a person (`message`) what is wrong. */
export function problem(status: number, code: string, message: string): ControlAnswer {
  return jsonAnswer(status, { status, code, message });
}
