import { expect, it } from 'vitest';
import { formatFileResult } from '../../../bin/terminal/file-results.ts';

const model = { name: 'shop', version: '20260101-000000-aaaaaaaa' };
const manifest = {
  formatVersion: 2 as const,
  source: '0123456789abcdef',
  key: 'candidates/c.csv',
  versionId: 'v',
  model,
  parts: [],
  rejects: [],
  rowsIn: 50,
  scored: 50,
  rejected: 0,
  rejectedByReason: {},
  features: {},
  repeatedKeys: 0,
  notes: [],
  seconds: 1,
  cpuModels: [],
  plannedAt: '2026-01-01T00:00:00Z',
  finishedAt: '2026-01-01T00:00:00Z',
};
const scored = { status: 'succeeded', key: manifest.key, manifest } as const;

it('says that scores were there already, and whether another version is current', () => {
  const text = (currentVersion?: string) =>
    formatFileResult(currentVersion === undefined ? scored : { ...scored, earlier: { currentVersion } }, 'b');
  expect(text()).toBe(
    'candidates/c.csv: 50 rows scored, 0 rejected, by shop 20260101-000000-aaaaaaaa, 50 rows/s -> b/scores/c.csv/',
  );
  expect(text(model.version)).toBe(
    'candidates/c.csv: has scores already, 50 rows scored, 0 rejected, by shop 20260101-000000-aaaaaaaa -> b/scores/c.csv/',
  );
  expect(text('20260102-000000-bbbbbbbb')).toBe(
    'candidates/c.csv has scores by shop 20260101-000000-aaaaaaaa; the current version is 20260102-000000-bbbbbbbb: ' +
      'score it with --again all for scores by that -> b/scores/c.csv/',
  );
});

it('says what scoring cost on AWS', () => {
  const cost = { usd: 0.0000490665, usdPerSecond: 0.0000490665, prices: 'list prices of a test' };
  expect(formatFileResult({ ...scored, manifest: { ...manifest, cost } }, 'b')).toContain(
    ', 50 rows/s, 0.00004907 USD -> b/scores/c.csv/',
  );
});

it('says that a failure was there already', () => {
  const { formatVersion, source, key, versionId } = manifest;
  const failure = {
    formatVersion,
    source,
    key,
    versionId,
    reason: 'empty_file',
    message: 'it is empty',
    failedAt: '',
    details: {},
  };
  expect(formatFileResult({ status: 'failed', key, failure, earlier: { currentVersion: 'v' } }, 'b')).toBe(
    'it is empty (an earlier result: --again failed tries it again) -> b/scores/c.csv/_FAILED.json',
  );
});
