import type { Identity } from '@ocelot/core';

import { refuseClaim } from './claim-refusal.js';
import { claimValues } from './claim-values.js';

/** One entry of a claims transformation, read. */
export interface ClaimInstruction {
  /** What is made of it: name of a claim, a header, a query parameter or a placeholder. */
  readonly key: string;
  /** The claim it is made from. */
  readonly type: string;
  /** Set when one part of the value is taken. */
  readonly part: ClaimPart | undefined;
}

/** Which part of a claim's value is taken. */
interface ClaimPart {
  readonly index: number;
  /** Each of these characters divides the value, as `string.Split(char[])` of .NET does. */
  readonly delimiters: ReadonlySet<string>;
}

/**
 * Reads `Claims[type] > value[index] > delimiter` or `Claims[type] > value` (Ocelot:
 * ClaimToThingConfigurationParser): the type is what stands between the first `[` and the first `]` behind it; without
 * an index or a delimiter the whole value is meant. Ocelot drops what it cannot read; the backend would then trust a
 * header that the client wrote itself, so here it is refused.
 * @throws SyntaxError saying what is wrong.
 */
export function readInstruction(key: string, text: string): ClaimInstruction {
  const [source = '', value, delimiter] = text.split('>').map((part) => part.trim());
  if (value === undefined) throw new SyntaxError(`"${text}" has no ">".`);
  const type = /^Claims\[(?<type>[^\]]+)\]$/.exec(source)?.groups?.['type'];
  if (type === undefined) throw new SyntaxError(`"${source}" is not of the form Claims[type].`);
  const index = /^value(?:\[(?<index>\d{1,4})\])?$/.exec(value)?.groups;
  if (index === undefined) throw new SyntaxError(`"${value}" is neither value nor value[index].`);
  if (index['index'] === undefined || delimiter === undefined || delimiter === '')
    return { key, type, part: undefined };
  return { key, type, part: { index: Number(index['index']), delimiters: new Set(delimiter) } };
}

/**
 * The text that an instruction makes of an identity; several claims of the type are joined by commas (Ocelot:
 * ClaimsParser).
 * @throws GatewayError FORBIDDEN when there is no such claim, or its value has no such part.
 */
export function claimText(identity: Pick<Identity, 'claims'>, { type, part }: ClaimInstruction): string {
  const values = claimValues(identity, type);
  if (values.length === 0) throw refuseClaim('CannotFindClaim', type, 'the identity has no such claim');
  const whole = values.join(',');
  if (part === undefined) return whole;
  const taken = splitAtAny(whole, part.delimiters)[part.index];
  if (taken === undefined) throw refuseClaim('CannotFindClaim', type, `its value has no part ${part.index}`);
  return taken;
}

function splitAtAny(text: string, delimiters: ReadonlySet<string>): readonly string[] {
  const parts = [''];
  for (const character of text) {
    if (delimiters.has(character)) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}
