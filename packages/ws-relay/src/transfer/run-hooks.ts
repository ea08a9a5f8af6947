// Hot path: `runHooks` runs once per message. A hook that returns a value costs no promise.

import { isUtf8 } from 'node:buffer';

import type { Direction, Message, MessageHook } from '@ocelot/core';

/** The hook of one session, with the name of the tap it belongs to. */
export interface NamedHook {
  readonly tap: string;
  readonly hook: MessageHook;
}

/** A hook that threw, rejected, or returned what is no message. The cause is for the log, nothing of it for a peer. */
export class HookFailure extends Error {
  readonly tap: string;

  constructor(tap: string, cause: unknown) {
    super(`the message hook of the tap "${tap}" failed`, { cause });
    this.name = 'HookFailure';
    this.tap = tap;
  }
}

/**
 * Gives a message to the hooks, one after the other. Synchronous until one of them returns a promise.
 * @returns what goes on; undefined when a hook dropped it.
 * @throws HookFailure, or rejects with it.
 */
export function runHooks(
  hooks: readonly NamedHook[],
  message: Message,
  direction: Direction,
): Message | undefined | Promise<Message | undefined> {
  return runFrom(0, hooks, message, direction);
}

function runFrom(
  start: number,
  hooks: readonly NamedHook[],
  given: Message,
  direction: Direction,
): Message | undefined | Promise<Message | undefined> {
  let message = given;
  for (let index = start; index < hooks.length; index += 1) {
    const named = hooks[index];
    if (named === undefined) break;
    let result: ReturnType<MessageHook>;
    try {
      result = named.hook(message, direction);
    } catch (error) {
      throw new HookFailure(named.tap, error);
    }
    if (result === message) continue;
    if (result === undefined) return undefined;
    if (isPromise(result)) return settle(result, index, hooks, message, direction);
    message = checked(result, message, named.tap);
  }
  return message;
}

async function settle(
  pending: Promise<Message | undefined>,
  index: number,
  hooks: readonly NamedHook[],
  given: Message,
  direction: Direction,
): Promise<Message | undefined> {
  const tap = hooks[index]?.tap ?? '';
  let result: Message | undefined;
  try {
    result = await pending;
  } catch (error) {
    throw new HookFailure(tap, error);
  }
  return result === undefined ? undefined : runFrom(index + 1, hooks, checked(result, given, tap), direction);
}

/** Any thenable: a plugin may bring promises of its own kind. */
export function isPromise(result: Message | Promise<Message | undefined>): result is Promise<Message | undefined> {
  return typeof result === 'object' && result !== null && 'then' in result;
}

/** A plugin may be plain JavaScript: what goes on the wire has to be a message, and text has to be UTF-8. */
function checked(result: unknown, given: Message, tap: string): Message {
  if (result === given) return given;
  try {
    assertMessage(result);
  } catch (error) {
    throw new HookFailure(tap, error);
  }
  return result;
}

/**
 * Checks what comes from a plugin.
 * @throws TypeError when it is no message, or text that is not UTF-8.
 */
export function assertMessage(value: unknown): asserts value is Message {
  const { type, data } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Message>;
  if ((type !== 'text' && type !== 'binary') || !(data instanceof Uint8Array)) {
    throw new TypeError("a message is { type: 'text' | 'binary', data: Uint8Array }");
  }
  if (type === 'text' && !isUtf8(data)) {
    throw new TypeError('the data of a text message is not UTF-8 (RFC 6455 §5.6)');
  }
}
