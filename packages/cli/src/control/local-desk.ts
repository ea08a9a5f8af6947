import {
  type ControlAnswer,
  type ControlEndpoint,
  type ControlRequest,
  type Gateway,
  type Logger,
  isGatewayError,
} from '@ocelot/core';

import { problem } from './control-answers.js';
import type { ControlCall, ControlDesk, ControlQuestion } from './control-desk.js';

/** What `ControlEndpoint.handle` is promised to need at most. */
const ANSWER_LIMIT_MS = 5_000;

/** The calls that plugins registered at one gateway, answered in this process. */
export class LocalDesk implements ControlDesk {
  readonly calls: readonly ControlCall[];
  readonly isServing: boolean = true;
  readonly #controls: readonly ControlEndpoint[];
  readonly #log: Logger;
  readonly #limitMs: number;

  /** @param limitMs longest wait for a call; a parameter for tests. */
  constructor({ controls, log }: Pick<Gateway, 'controls' | 'log'>, limitMs: number = ANSWER_LIMIT_MS) {
    this.calls = controls.map(({ method, path, description, isMomentary }) => {
      return { method, path, description, ...(isMomentary === true && { isMomentary }) };
    });
    this.#controls = controls;
    this.#log = log;
    this.#limitMs = limitMs;
  }

  async ask(question: ControlQuestion): Promise<{ readonly answer: ControlAnswer; readonly missing: readonly [] }> {
    const control = this.#find(question);
    const answer = control === undefined ? unknownCall() : await this.#answer(control, question);
    return { answer, missing: [] };
  }

  /**
   * Makes one answer of those of several gateways.
   * @param answers At least one.
   */
  merge(call: Pick<ControlQuestion, 'method' | 'template'>, answers: readonly ControlAnswer[]): ControlAnswer {
    const control = this.#find(call);
    if (control === undefined) return unknownCall();
    if (control.merge === undefined) return best(answers);
    try {
      return control.merge(answers);
    } catch (error) {
      return this.#failed(control, error);
    }
  }

  #find({ method, template }: Pick<ControlQuestion, 'method' | 'template'>): ControlEndpoint | undefined {
    return this.#controls.find((control) => control.method === method && control.path === template);
  }

  async #answer(control: ControlEndpoint, question: ControlQuestion): Promise<ControlAnswer> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<ControlAnswer>((resolve) => {
      timer = setTimeout(() => {
        this.#log.warn({ call: nameOf(control), limitMs: this.#limitMs }, 'a control call took too long');
        resolve(problem(504, 'CALL_TIMEOUT', `The call did not end within ${this.#limitMs} ms.`));
      }, this.#limitMs);
    });
    try {
      return await Promise.race([handled(control, question), late]);
    } catch (error) {
      return this.#failed(control, error);
    } finally {
      clearTimeout(timer);
    }
  }

  #failed(control: ControlEndpoint, error: unknown): ControlAnswer {
    if (isGatewayError(error)) return problem(error.status, error.code, error.message);
    this.#log.error({ err: error, call: nameOf(control) }, 'a control call failed');
    return problem(500, 'CALL_FAILED', 'The call failed; the log of the gateway says why.');
  }
}

/** What throws at once is a rejection as well. */
async function handled(control: ControlEndpoint, question: ControlQuestion): Promise<ControlAnswer> {
  const { method, path, params, query, headers, body } = question;
  const request: ControlRequest = { method, path, params, query: new URLSearchParams(query), headers, body };
  return control.handle(request);
}

/** The first one with the best status: done, else whose fault is nearest to the caller. */
function best(answers: readonly ControlAnswer[]): ControlAnswer {
  const [first, ...others] = answers;
  if (first === undefined) return problem(503, 'NO_ANSWER', 'No worker answered.');
  return others.reduce((found, next) => (next.status < found.status ? next : found), first);
}

function unknownCall(): ControlAnswer {
  return problem(404, 'NOT_FOUND', 'There is no such call here. GET / lists what there is.');
}

function nameOf({ method, path }: ControlCall): string {
  return `${method} ${path}`;
}
