import { isGatewayError } from '@ocelot/core';
import { describe, expect, it } from 'vitest';

import { claimText, readInstruction } from '../../src/claims/instruction.js';

const identity = {
  claims: {
    sub: ['registered|user-7'],
    role: ['admin', 'editor'],
    Sub: ['another'],
    path: ['a/b|c'],
    'http://example.com/tenant': ['acme'],
  },
};

const text = (instruction: string): string => claimText(identity, readInstruction('X', instruction));

describe('readInstruction', () => {
  it.each([
    ['Claims[sub] > value', 'registered|user-7'],
    ['Claims[sub] > value[0] > |', 'registered'],
    ['Claims[sub] > value[1] > |', 'user-7'],
    ['Claims[sub]>value[1]>|', 'user-7'],
    ['Claims[role] > value', 'admin,editor'],
    ['Claims[role] > value[1] > ,', 'editor'],
    ['Claims[Sub] > value', 'another'],
    ['Claims[path] > value[2] > |/', 'c'],
    ['Claims[http://example.com/tenant] > value', 'acme'],
    ['Claims[sub] > value[1]', 'registered|user-7'],
    ['Claims[sub] > value[1] > ', 'registered|user-7'],
  ])('makes of "%s" what Ocelot makes of it (ClaimToThingConfigurationParser)', (instruction, expected) => {
    expect(text(instruction)).toBe(expected);
  });

  it.each([
    ['Claims[sub]', 'has no ">"'],
    ['sub > value', 'not of the form Claims[type]'],
    ['Claims[] > value', 'not of the form Claims[type]'],
    ['Claims[sub] > first', 'neither value nor value[index]'],
    ['Claims[sub] > value[x] > |', 'neither value nor value[index]'],
  ])('refuses "%s", which Ocelot drops without a word', (instruction, fault) => {
    expect(() => readInstruction('X', instruction)).toThrow(fault);
  });
});

describe('claimText', () => {
  it.each([
    ['Claims[missing] > value', 'missing'],
    ['Claims[sub] > value[2] > |', 'sub'],
    ['Claims[toString] > value', 'toString'],
  ])('refuses a client for which "%s" has no value (Ocelot: CannotFindClaim, 403)', (instruction, claim) => {
    let error: unknown;
    try {
      text(instruction);
    } catch (thrown) {
      error = thrown;
    }
    expect(isGatewayError(error) && error).toMatchObject({
      code: 'OCELOT_ERR_FORBIDDEN',
      status: 403,
      details: { reason: 'CannotFindClaim', claim },
    });
  });
});
