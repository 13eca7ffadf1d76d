/** Outcomes and scores, drawn at random, as they are joined in SQL and one by one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, execute, openDatabase, query } from '../../../lib/table/database.ts';
import { joinDay } from '../../../lib/table/monitor/join.ts';
import { openScoredFiles, type ScoredFile } from '../../../lib/table/monitor/scored-files.ts';
import { tasks } from '../../monitor/simulate.ts';
import { declaration } from '../../monitor/world.ts';

const DAY = '2026-11-06';
const START = Date.parse(DAY);
const DAY_MS = 86_400_000;
const OUTCOMES = 400;
const OUTPUTS = tasks.map(({ output }) => output);

interface Outcome {
  readonly k: bigint;
  readonly t: number;
  readonly w: number;
  readonly labels: Readonly<Record<string, number>>;
}

interface Score {
  readonly k: bigint;
  readonly outputs: readonly number[];
}

let folder: string;
let database: Database;
let day: { readonly day: string; readonly paths: readonly string[]; readonly rows: number };
let outcomes: readonly Outcome[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'join-'));
  database = await openDatabase({ threads: 1, memoryLimitMiB: 256, scratch: folder });
  const path = join(folder, 'outcomes.parquet');
  // Of 300 keys, so that some are repeated.
  await execute(
    database,
    `COPY (SELECT i AS r, hash(hash(i, 'key') % 300) AS k, ${START} + CAST(hash(i, 'time') % ${DAY_MS} AS BIGINT) AS t,
       1.0 + i % 3 AS w, CAST(hash(i, 'click') % 3 = 0 AS INTEGER) AS l0,
       CAST(hash(i, 'click') % 3 = 0 AND hash(i, 'conversion') % 2 = 0 AS INTEGER) AS l1,
       CAST(NULL AS BIGINT) AS a0, CASE WHEN i % 7 > 0 THEN 'country ' || i % 3 END AS s0, CAST(i AS DOUBLE) AS m
       FROM range(${OUTCOMES}) rows(i)) TO '${path}' (FORMAT parquet)`,
  );
  day = { day: DAY, paths: [path], rows: OUTCOMES };
  const rows = await query(database, `SELECT * FROM '${path}' ORDER BY r`);
  outcomes = rows.map(({ k, t, w, l0, l1 }) => ({
    k: k as bigint,
    t: Number(t),
    w: Number(w),
    labels: { click: Number(l0), conversion: Number(l1) },
  }));
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

/** Writes files of scores of half of the keys each. */
async function writeFiles(files: readonly { readonly version: string; readonly hours: number }[]) {
  const written: (ScoredFile & { readonly scores: ReadonlyMap<bigint, Score> })[] = [];
  for (const [index, { version, hours }] of files.entries()) {
    const path = join(folder, `scores-${index}.parquet`);
    const outputs = OUTPUTS.map(
      (output, i) => `CAST(0.1 + hash(i, ${index}, '${output}') % 100 / 200.0 AS FLOAT) AS p${i}`,
    );
    await execute(
      database,
      `COPY (SELECT hash(i) AS k, ${outputs.join(', ')} FROM range(300) rows(i) WHERE hash(i, ${index}, 'scored') % 2 = 0)
       TO '${path}' (FORMAT parquet)`,
    );
    const rows = await query(database, `SELECT * FROM '${path}'`);
    const scores = rows.map(
      (row): Score => ({ k: row.k as bigint, outputs: OUTPUTS.map((_, i) => Number(row[`p${i}`])) }),
    );
    const at = START + hours * 3_600_000;
    const scoredOn = new Date(at).toISOString().slice(0, 10);
    const byKey = new Map(scores.map((score) => [score.k, score]));
    written.push({ version, day: scoredOn, at, rows: rows.length, path, scores: byKey });
  }
  return written;
}

/** What is compared of the sums of a scoring day and a version. */
interface Sums {
  outcomes: number;
  /** Rows, and weighted sums of probabilities and positives, by output. */
  readonly known: Record<string, [number, number, number]>;
  /** Rows, and weighted differences of losses, by the version before and output. */
  readonly paired: Record<string, Record<string, [number, number]>>;
}

/** Joins one outcome after the other. */
function byHand(files: Awaited<ReturnType<typeof writeFiles>>): Record<string, Sums> {
  const sums: Record<string, Sums> = {};
  for (const { k, t, w, labels } of outcomes) {
    const within = declaration.monitoring.matchesWithinMs;
    const before = files.filter(({ at, scores }) => scores.has(k) && at <= t && at > t - within);
    const last = before.at(-1);
    if (last === undefined) continue;
    sums[`${last.day} ${last.version}`] ??= { outcomes: 0, known: {}, paired: {} };
    const own = sums[`${last.day} ${last.version}`] as Sums;
    own.outcomes += 1;
    const others = new Map(
      before.filter(({ version }) => version !== last.version).map((file) => [file.version, file]),
    );
    for (const [index, { output, label, given }] of tasks.entries()) {
      if (given !== null && labels[given] !== 1) continue;
      const y = labels[label] as number;
      const p = ({ scores }: (typeof files)[number]) => scores.get(k)?.outputs[index] as number;
      const loss = (file: (typeof files)[number]) => -(y * Math.log(p(file)) + (1 - y) * Math.log(1 - p(file)));
      const [rows, predicted, positives] = own.known[output] ?? [0, 0, 0];
      own.known[output] = [rows + 1, predicted + w * p(last), positives + w * y];
      for (const [version, other] of others) {
        const [pairs, difference] = own.paired[version]?.[output] ?? [0, 0];
        own.paired[version] = {
          ...own.paired[version],
          [output]: [pairs + 1, difference + w * (loss(other) - loss(last))],
        };
      }
    }
  }
  return sums;
}

const closeTo = (numbers: readonly number[]) => numbers.map((number) => expect.closeTo(number, 4));

const FILES = {
  'one version': [
    { version: 'a', hours: -73 },
    { version: 'a', hours: -48 },
    { version: 'a', hours: 6 },
    { version: 'a', hours: 30 },
  ],
  'three versions': [
    { version: 'a', hours: -71 },
    { version: 'b', hours: -40 },
    { version: 'a', hours: 2 },
    { version: 'c', hours: 9 },
    { version: 'b', hours: 12 },
  ],
} as const;

describe.each(Object.entries(FILES))('outcomes and scores of %s', (_, files) => {
  it.each([1_000_000, 100, 50])('are joined as one by one, with %i outcomes in memory', async (atATime) => {
    const written = await writeFiles(files);
    const scores = await openScoredFiles(database, written, OUTPUTS);
    const options = { declaration, tasks, end: null };
    const { sums, unscored, repeated } = await joinDay(database, day, scores, options, atATime);
    const expected = byHand(written);
    const counted = [...sums].flatMap(([scoredOn, versions]) =>
      [...versions].map(([version, own]) => [
        `${scoredOn} ${version}`,
        {
          outcomes: own.outcomes,
          known: Object.fromEntries(
            Object.entries(own.known).map(([output, known]) => [
              output,
              [known.rows, known.predicted, known.positives],
            ]),
          ),
          paired: Object.fromEntries(
            Object.entries(own.paired).map(([other, outputs]) => [
              other,
              Object.fromEntries(
                Object.entries(outputs).map(([output, { rows, difference }]) => [output, [rows, difference]]),
              ),
            ]),
          ),
        },
      ]),
    );
    expect(Object.fromEntries(counted)).toEqual(
      Object.fromEntries(
        Object.entries(expected).map(([key, { outcomes: rows, known, paired }]) => [
          key,
          {
            outcomes: rows,
            known: Object.fromEntries(Object.entries(known).map(([output, of]) => [output, closeTo(of)])),
            paired: Object.fromEntries(
              Object.entries(paired).map(([other, outputs]) => [
                other,
                Object.fromEntries(Object.entries(outputs).map(([output, of]) => [output, closeTo(of)])),
              ]),
            ),
          },
        ]),
      ),
    );
    const scored = Object.values(expected).reduce((sum, own) => sum + own.outcomes, 0);
    expect(scored).toBeGreaterThan(100);
    expect(unscored).toBe(OUTCOMES - scored);
    expect(repeated).toBe(OUTCOMES - new Set(outcomes.map(({ k }) => k)).size);
  });
});
