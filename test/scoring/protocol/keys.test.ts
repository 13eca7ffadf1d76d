import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  type Arrival,
  compareVersions,
  fileVersion,
  isScoresPart,
  pointerKey,
  rejectsPartKey,
  scoresPartKey,
} from '../../../lib/scoring/protocol/keys.ts';

const ARRIVAL: Arrival = {
  bucket: 'bucket',
  key: 'candidates/a.csv',
  versionId: 'v1',
  sequencer: '0055AED6DCD90281E5',
  eventTime: '2026-01-01T00:00:00.000Z',
  attempt: 1,
};

describe('a source id', () => {
  it('is the start of a sha256 over bucket, key and version', () => {
    const hash = createHash('sha256').update('["bucket","candidates/a.csv","v1"]').digest('hex');
    expect(fileVersion(ARRIVAL).source).toBe(hash.slice(0, 16));
    expect(fileVersion({ ...ARRIVAL, attempt: 3 }).source).toBe(`${hash.slice(0, 16)}-3`);
  });

  it.each([{ bucket: 'other' }, { key: 'candidates/b.csv' }, { versionId: 'v2' }])('differs with %o', (change) => {
    expect(fileVersion({ ...ARRIVAL, ...change }).source).not.toBe(fileVersion(ARRIVAL).source);
  });

  it.each([{ sequencer: 'FF' }, { eventTime: '2027-01-01T00:00:00.000Z' }])('is the same with %o', (change) => {
    expect(fileVersion({ ...ARRIVAL, ...change }).source).toBe(fileVersion(ARRIVAL).source);
  });
});

describe('the order of versions', () => {
  it.each([
    { name: 'by sequencer', older: {}, newer: { sequencer: '0055AED6DCD90281E6' } },
    { name: 'by sequencer, whatever its case', older: {}, newer: { sequencer: '0055aed6dcd90281e6' } },
    // AWS: "right-pad the shorter value with zeros and then do a lexicographic comparison".
    { name: 'a shorter sequencer filled up on the right', older: { sequencer: '0A' }, newer: { sequencer: '0A01' } },
    { name: 'a shorter sequencer that is larger', older: { sequencer: '0A01' }, newer: { sequencer: '0B' } },
    { name: 'by time where the sequencers agree', older: {}, newer: { eventTime: '2026-01-01T00:00:00.001Z' } },
    { name: 'by attempt of one version', older: {}, newer: { attempt: 2 } },
  ])('is $name', ({ older, newer }) => {
    const [a, b] = [fileVersion({ ...ARRIVAL, ...older }), fileVersion({ ...ARRIVAL, ...newer })];
    expect(compareVersions(a, b)).toBeLessThan(0);
    expect(compareVersions(b, a)).toBeGreaterThan(0);
  });

  it('is never undecided between two versions', () => {
    const [a, b] = [fileVersion(ARRIVAL), fileVersion({ ...ARRIVAL, versionId: 'v2' })];
    expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)));
    expect(compareVersions(a, b)).not.toBe(0);
    expect(compareVersions(a, fileVersion(ARRIVAL))).toBe(0);
  });
});

describe('keys', () => {
  it('are named after the candidate and its version', () => {
    const file = fileVersion(ARRIVAL);
    const label = file.source.slice(0, 8);
    expect(scoresPartKey(file, 3)).toBe(`scores/a.csv/part-${label}-00003.parquet`);
    expect(scoresPartKey(fileVersion({ ...ARRIVAL, attempt: 2 }), 123456)).toBe(
      `scores/a.csv/part-${label}-2-123456.parquet`,
    );
    expect(rejectsPartKey(file, 0)).toBe(`rejects/a.csv/part-${label}-00000.parquet`);
    expect(pointerKey(file.key)).toBe(`_state/${createHash('sha256').update('candidates/a.csv').digest('hex')}.json`);
  });

  it.each([
    ['scores/a.csv/part-01234567-00000.parquet', true],
    ['scores/a.csv/part-01234567-2-00000.parquet', true],
    ['scores/a.csv/part-b.parquet/part-01234567-00000.parquet', false],
    ['scores/a.csv/part-mine.parquet', false],
    ['scores/b.csv/part-01234567-00000.parquet', false],
  ])('tell parts from what lies beside them: %s', (key, isPart) => {
    expect(isScoresPart(key, 'candidates/a.csv')).toBe(isPart);
  });
});
