import { describe, expect, it } from 'vitest';

import type { Message, MessageHook } from '@ocelot/core';

import { HookFailure, type NamedHook, runHooks } from '../../src/transfer/run-hooks.js';

const message: Message = { type: 'text', data: Buffer.from('a') };
const other: Message = { type: 'binary', data: Buffer.from('b') };
const hooks = (...given: readonly MessageHook[]): readonly NamedHook[] =>
  given.map((hook, index) => ({ tap: `tap ${index}`, hook }));
const run = (...given: readonly MessageHook[]) => runHooks(hooks(...given), message, 'to-backend');

describe('runHooks', () => {
  it('gives each hook what the one before returned, at once', () => {
    expect(
      run(
        () => other,
        (given) => given,
      ),
    ).toBe(other);
    expect(run()).toBe(message);
  });

  it('asks no hook behind the one that drops', () => {
    const never = (): never => {
      throw new Error('asked');
    };
    expect(run(() => undefined, never)).toBeUndefined();
  });

  it('becomes a promise with the first hook that returns one, and goes on behind it in order', async () => {
    const result = run(
      (given) => given,
      () => Promise.resolve(other),
      (given) => ({ ...given, data: Buffer.from(`${Buffer.from(given.data).toString()}!`) }),
      (given) => Promise.resolve(given),
    );
    expect(result instanceof Promise).toBe(true);
    expect(await result).toEqual({ type: 'binary', data: Buffer.from('b!') });
    expect(await run(() => Promise.resolve(undefined))).toBeUndefined();
  });

  it('names the tap of a hook that throws, and keeps what it threw', async () => {
    const cause = new Error('no');
    const failing = (): never => {
      throw cause;
    };
    expect(() => run(() => other, failing)).toThrow(HookFailure);
    await expect(
      run(
        () => Promise.resolve(other),
        () => Promise.reject(cause),
      ),
    ).rejects.toMatchObject({ tap: 'tap 1', cause });
    await expect(run(() => Promise.resolve(other), failing)).rejects.toMatchObject({ tap: 'tap 1', cause });
  });

  it.each([
    null,
    'text',
    7,
    {},
    { type: 'text' },
    { type: 'other', data: Buffer.alloc(0) },
    { type: 'text', data: 'a' },
  ])('refuses %j for a message', async (result) => {
    const given = result as unknown as Message;
    expect(() => run(() => given)).toThrow(HookFailure);
    await expect(run(() => Promise.resolve(given))).rejects.toBeInstanceOf(HookFailure);
  });

  it('refuses text that is not UTF-8 (RFC 6455 §5.6)', () => {
    expect(() => run(() => ({ type: 'text', data: Buffer.from([0xc0, 0x80]) }))).toThrow(HookFailure);
    expect(run(() => ({ type: 'binary', data: Buffer.from([0xc0, 0x80]) }))).toMatchObject({ type: 'binary' });
  });
});
