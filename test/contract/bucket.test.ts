import { describe, expect, it } from 'vitest';
import {
  bucketName,
  DATA_EXTENSIONS,
  DATA_EXTENSIONS_TEXT,
  dataFormatOf,
  dateOfPartition,
  failureKey,
  featuresFolder,
  outcomeKey,
  PART_NAME,
  PREFIXES,
  parseWorkKey,
  partitionFolder,
  partName,
  pieceKey,
  planKey,
  receiptKey,
  rejectsFolder,
  reopenedKey,
  resentKey,
  runKey,
  scoresManifestKey,
  shardOfReceipt,
  successKey,
  trainedDeclarationKey,
  workPartKey,
} from '../../lib/contract/bucket.ts';

const SOURCE = '0123456789abcdef-2';

describe('the layout of a bucket', () => {
  // Written out: objects of deployed buckets have these keys, and users and their jobs know some of them.
  it.each([
    [planKey(SOURCE), '_work/0123456789abcdef-2/plan.json'],
    [outcomeKey(SOURCE), '_work/0123456789abcdef-2/outcome.json'],
    [reopenedKey(SOURCE), '_work/0123456789abcdef-2/reopened.json'],
    [resentKey(SOURCE, 1), '_work/0123456789abcdef-2/resent-1.json'],
    [workPartKey(SOURCE, 7), '_work/0123456789abcdef-2/parts/00007.parquet'],
    [pieceKey(SOURCE, 'plan', 7), '_work/0123456789abcdef-2/pieces/plan/00007.csv'],
    [receiptKey(SOURCE, 123_456), '_work/0123456789abcdef-2/receipts/123456.json'],
    [scoresManifestKey('candidates/a/b.csv'), 'scores/a/b.csv/_manifest.json'],
    [successKey('candidates/a/b.csv'), 'scores/a/b.csv/_SUCCESS'],
    [failureKey('candidates/a/b.csv'), 'scores/a/b.csv/_FAILED.json'],
    [rejectsFolder('candidates/a/b.csv'), 'rejects/a/b.csv/'],
    [partitionFolder(featuresFolder('user'), '2026-01-31'), 'features/user/dt=2026-01-31/'],
    [partitionFolder(PREFIXES.data, '2026-01-31'), 'data/dt=2026-01-31/'],
    [bucketName(3), 'bucket=00003.parquet'],
    [trainedDeclarationKey('shop'), 'training/shop/entirespace.yaml'],
    [runKey('shop', 'night', 'result'), '_training/shop/night/result.json'],
  ])('has the key %s', (key, expected) => {
    expect(key).toBe(expected);
  });

  it('has prefixes of which none begins another', () => {
    const prefixes = Object.values(PREFIXES);
    for (const prefix of prefixes) {
      expect(prefix).toMatch(/^[a-z_]+\/$/);
      expect(prefixes.filter((other) => other.startsWith(prefix))).toEqual([prefix]);
    }
  });

  it('reads back what it wrote', () => {
    expect(parseWorkKey(workPartKey(SOURCE, 7))).toEqual({ source: SOURCE, name: 'parts/00007.parquet' });
    expect(shardOfReceipt(receiptKey(SOURCE, 123_456))).toBe(123_456);
    expect(dateOfPartition(partitionFolder(PREFIXES.data, '2026-01-31'))).toBe('2026-01-31');
    expect(dateOfPartition('data/2026-01-31/')).toBeNull();
    expect(partName(SOURCE, 2, 0)).toBe('part-01234567-2-00000.parquet');
    expect(partName(SOURCE, 2, 0)).toMatch(PART_NAME);
  });

  it.each([
    ['a.parquet', 'parquet'],
    ['a.csv', 'csv'],
    ['a.csv.gz', 'csv'],
    ['a.gz.PARQUET', 'parquet'],
    ['a.parq', 'parquet'],
    ['a.pq', 'parquet'],
    ['a.CSV.GZ', 'csv'],
    ['a.tsv', 'csv'],
    ['a.parquet.gz', undefined],
    ['a.gz', undefined],
    ['csv', undefined],
  ])('has rows in %s by its ending, of the format: %s', (name, format) => {
    expect(dataFormatOf(name)).toBe(format);
  });

  it('names endings of files of rows', () => {
    const named = DATA_EXTENSIONS_TEXT.split(/, | or /);
    expect(named).toEqual(['.parquet', '.csv', '.csv.gz']);
    const all: readonly string[] = Object.values(DATA_EXTENSIONS).flat();
    expect(named.filter((ending) => !all.includes(ending))).toEqual([]);
  });
});
