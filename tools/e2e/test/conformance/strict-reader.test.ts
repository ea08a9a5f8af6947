// The judge of the suite has to be right before anybody is judged: every case is read by it alone, in every cut.
import { describe, expect, it } from 'vitest';

import { ALL_CASES } from '../../conformance/cases/all-cases.js';
import { ACCEPTED, SIDES, verdictOf } from '../../conformance/conformance-case.js';
import { deflateTerms } from '../../conformance/deflate-stream.js';
import { referenceOf, streamOf } from '../../conformance/run-case.js';
import { StrictReader, type ReaderEvent } from '../../conformance/strict-reader.js';

const cases = ALL_CASES.flatMap((subject) => (subject.from ?? SIDES).map((from) => ({ subject, from })));

describe('StrictReader', () => {
  it.each(cases.map(({ subject, from }) => [subject.name, from, subject] as const))(
    'finds in "%s" of the %s what the case says',
    (_name, from, subject) => {
      const { events } = referenceOf(subject, from);
      const fault = events.find((event) => event.kind === 'fault');
      // A limit is the gateway's own rule: to a reader such a stream is sound.
      const verdict = subject.route === undefined ? verdictOf(subject, 'opaque') : ACCEPTED;
      expect(fault?.code).toBe(verdict.kind === 'refused' ? verdict.code : undefined);
    },
  );

  it('reads the same from single bytes as from the whole', () => {
    for (const { subject, from } of cases) {
      const bytes = Buffer.concat(streamOf(subject, from));
      if (bytes.length > 500) continue;
      const events: ReaderEvent[] = [];
      const reader = new StrictReader({
        expectsMask: from === 'client',
        deflate: deflateTerms(subject.negotiation?.answer)?.[from],
        emit: (event) => events.push(event),
      });
      for (const byte of bytes) reader.push(Buffer.from([byte]));
      expect({ name: subject.name, events }).toEqual({ name: subject.name, events: referenceOf(subject, from).events });
    }
  });

  it('gives every case a name of its own', () => {
    const names = ALL_CASES.map(({ name }) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});
