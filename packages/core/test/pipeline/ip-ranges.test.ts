import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';

import { compileIpRules, compileIpSet, normalizeIpAddress, parseIpRange } from '../../src/pipeline/ip-ranges.js';
import { isGatewayError } from '../../src/errors/gateway-error.js';
import vectorFile from '../vectors/ip-security.json' with { type: 'json' };

interface Lists {
  readonly IPAllowedList: readonly string[];
  readonly IPBlockedList: readonly string[];
  readonly ExcludeAllowedFromBlocked: boolean;
}
interface Vector {
  readonly kind?: string;
  readonly route?: Lists | null;
  readonly global?: Lists;
  readonly clientIp?: string;
  readonly allowed?: boolean;
  readonly text?: string | null;
  readonly begin?: string;
  readonly end?: string;
  readonly source: string;
}
const vectors = vectorFile.vectors as readonly Vector[];

const rules = (allowed: readonly string[], blocked: readonly string[], excludeAllowedFromBlocked = false) => ({
  allowed,
  blocked,
  excludeAllowedFromBlocked,
});

const show = (family: 4 | 6, value: bigint): string => {
  const digits = value.toString(16).padStart(family === 4 ? 8 : 32, '0');
  return ipaddr.fromByteArray((digits.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))).toString();
};

/** The expectation in our own normal form: mapped IPv6 is IPv4. */
const normal = (text: string): string => ipaddr.process(text).toString();

describe('compileIpRules', () => {
  // Which of the two option sets is in force ("which-options") is resolved when the configuration is read.
  const decisions = vectors.filter((vector) => vector.clientIp !== undefined);
  it.each(decisions.map((vector, index) => ({ vector, title: `${index}: ${vector.source}` })))(
    'decides as Ocelot does: $title',
    ({ vector }) => {
      const own = vector.route;
      const isEmpty = own == null || (own.IPAllowedList.length === 0 && own.IPBlockedList.length === 0);
      const lists = isEmpty ? vector.global : own;
      const isAllowed = compileIpRules(
        lists === undefined
          ? rules([], [])
          : rules(lists.IPAllowedList, lists.IPBlockedList, lists.ExcludeAllowedFromBlocked),
      );
      expect(isAllowed(vector.clientIp ?? '')).toBe(vector.allowed);
    },
  );

  it('treats an IPv4 client of a dual-stack socket as IPv4', () => {
    expect(compileIpRules(rules([], ['10.0.0.0/8']))('::ffff:10.1.2.3')).toBe(false);
    expect(compileIpRules(rules(['::ffff:10.0.0.0/104'], []))('10.1.2.3')).toBe(true);
  });

  it('does not count IPv4 clients among all of IPv6', () => {
    expect(compileIpRules(rules([], ['::/0']))('::ffff:10.1.2.3')).toBe(true);
    expect(compileIpRules(rules([], ['::/0']))('2001:db8::1')).toBe(false);
  });

  it('passes a client without an address, as Ocelot does', () => {
    expect(compileIpRules(rules(['10.0.0.1'], ['10.0.0.2']))('')).toBe(true);
  });

  it('refuses a text that is no address once there is a list', () => {
    expect(compileIpRules(rules([], ['10.0.0.2']))('unknown')).toBe(false);
    expect(compileIpRules(rules([], []))('unknown')).toBe(true);
  });

  it('does not read numbers and short forms as client addresses', () => {
    expect(compileIpRules(rules(['0.0.0.0/0'], []))('3232252004')).toBe(false);
    expect(compileIpRules(rules(['0.0.0.0/0'], []))('192.168.1')).toBe(false);
  });
});

describe('parseIpRange', () => {
  const readable = vectors.filter((vector) => vector.kind === 'range' && vector.begin !== undefined);
  it.each(readable)('reads $text', ({ text, begin, end }) => {
    const range = parseIpRange(text ?? '');
    expect(range && show(range.family, range.first)).toBe(normal(begin ?? ''));
    expect(range && show(range.family, range.last)).toBe(normal(end ?? ''));
  });

  const unreadable = vectors.filter((vector) => vector.kind === 'range' && vector.begin === undefined);
  it.each(unreadable)('does not read "$text"', ({ text }) => {
    expect(parseIpRange(text ?? '')).toBeUndefined();
  });

  it.each(['10.0.0.0/', '10.0.0.0/-1', '/24', '-', '10.0.0.1-', '::ffff:10.0.0.0/64', 'example.com', '1.2.3.4/24/8'])(
    'does not read %j',
    (text) => {
      expect(parseIpRange(text)).toBeUndefined();
    },
  );

  it('keeps a /8 and a /64 as two numbers', () => {
    expect(parseIpRange('10.0.0.0/8')).toEqual({ family: 4, first: 0x0a000000n, last: 0x0affffffn });
    expect(parseIpRange('2001:db8::/64')).toMatchObject({ family: 6, first: 0x20010db8n << 96n });
  });
});

describe('compileIpSet', () => {
  it('finds addresses in overlapping, adjacent and separate ranges', () => {
    const isListed = compileIpSet(['10.0.0.8-20', '10.0.0.1-9', '10.0.0.21', '192.168.0.0/16', 'fe80::/10']);
    const listed = ['10.0.0.1', '10.0.0.15', '10.0.0.21', '192.168.255.255', 'fe80::1%eth0'];
    const others = ['10.0.0.0', '10.0.0.22', '192.167.255.255', '192.169.0.0', '2001:db8::1', '', 'x'];
    expect([...listed, ...others].filter(isListed)).toEqual(listed);
  });

  it('refuses an entry it cannot read, naming it (Ocelot leaves it out in silence)', () => {
    let thrown: unknown;
    try {
      compileIpSet(['10.0.0.1', '10.0.0.']);
    } catch (error) {
      thrown = error;
    }
    expect(isGatewayError(thrown) && thrown.code).toBe('OCELOT_ERR_CONFIG_INVALID');
    expect(thrown).toMatchObject({ message: '"10.0.0." is no IP address, range or network.' });
  });
});

describe('normalizeIpAddress', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:0a00:0001', '10.0.0.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('shows %s as %s', (text, shown) => {
    expect(normalizeIpAddress(text)).toBe(shown);
  });

  it.each(['', 'unknown', '_hidden', '10.0.0', '010.0.0.1', '10.0.0.1:80', '[::1]', '3232252004'])(
    'does not take %j for an address',
    (text) => {
      expect(normalizeIpAddress(text)).toBeUndefined();
    },
  );
});
