/** What scoring files would take, before anything is copied, planned or written. */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SHARD_ROWS } from '../../lib/contract/limits.ts';
import type { Predictor } from '../../lib/predictor/open-model.ts';
import { featureTables } from '../../lib/scoring/rows/feature-tables.ts';
import { costOfRows, PRICES, timeOfRows } from '../../lib/stack/prices.ts';
import { RATES } from '../../lib/stack/rates.ts';
import type { Store } from '../../lib/store/store.ts';
import type { CandidatePlan } from '../../lib/table/candidates/plan.ts';
import { planCandidates } from '../../lib/table/candidates/plan-file.ts';
import { scoreRows } from '../../lib/table/candidates/score-shard.ts';
import type { Relation } from '../../lib/table/columns.ts';
import { DataError } from '../../lib/table/errors.ts';
import { type CandidateFile, localCandidate } from '../../lib/table/formats/candidate-file.ts';
import { requireCurrent } from '../chosen-model.ts';
import type { Session } from '../terminal/exit.ts';
import { pathIn } from '../terminal/io.ts';
import { LAST_ROWS } from './local-scoring.ts';
import { type LocalOptions, withModel } from './with-model.ts';

/** A file as it would be planned; `problem` is why it cannot be scored. */
export interface ForeseenFile {
  readonly file: string;
  readonly rows: number;
  readonly shards: number;
  readonly problem: string | null;
}

/** What scoring all files takes. */
export interface ForeseenScoring {
  readonly model: { readonly name: string; readonly version: string };
  readonly files: readonly ForeseenFile[];
  /** On this machine, by rows that were scored on its scratch disk; `null` where no file can be scored. */
  readonly here: {
    readonly probedRows: number;
    readonly rowsPerSecond: number;
    readonly seconds: number;
    /** Most memory that this process used. */
    readonly memoryBytes: number;
  } | null;
  /** By the stack's functions, at list prices. */
  readonly onAws: {
    readonly seconds: number;
    readonly functions: number;
    readonly usd: number;
    readonly pricesOf: string;
  };
}

/** Rows that are scored to measure the speed; of CSV it is a whole shard. */
const PROBE_ROWS = 50_000;
/** Functions that score at once by default. */
const FUNCTIONS = 10;

/** Plans files as scoring would, and scores some rows of the first to measure the speed. Nothing is written to the bucket. */
export function foreseeScoring(
  store: Store,
  files: readonly string[],
  options: LocalOptions,
  session: Session,
): Promise<ForeseenScoring> {
  return withModel(store, options, session, async ({ name, loader, loadCurrent, scratch }) => {
    await loadCurrent();
    const version = { name, version: await requireCurrent(store, name) };
    const model = await loader.load(version);
    const work = { model, scratch, tables: featureTables({ store, folder: scratch }) };
    const planned: (ForeseenFile & {
      readonly plan: CandidatePlan | null;
      readonly candidates: CandidateFile | null;
    })[] = [];
    for (const file of files) {
      session.signal.throwIfAborted();
      planned.push(await planOne(file, resolve(pathIn(session.io, file)), work));
    }
    const sound = planned.filter(({ plan }) => plan !== null);
    const rows = sound.reduce((sum, file) => sum + file.rows, 0);
    const [first] = sound.filter((file) => file.rows > 0);
    const probed = first?.plan && first.candidates ? await probe(first.plan, first.candidates, work) : null;
    const size = { rows, files: sound.length, rowsPerSecond: RATES.rowsPerSecond };
    return {
      model: version,
      files: planned.map(({ file, rows: of, shards, problem }) => ({ file, rows: of, shards, problem })),
      here: probed && {
        ...probed,
        seconds: rows / probed.rowsPerSecond,
        memoryBytes: process.resourceUsage().maxRSS * 1024,
      },
      onAws: {
        seconds: timeOfRows(size, FUNCTIONS).seconds,
        functions: FUNCTIONS,
        usd: costOfRows(size).total,
        pricesOf: PRICES.asOf,
      },
    };
  });
}

interface Work {
  readonly model: Predictor;
  readonly scratch: string;
  readonly tables: ReturnType<typeof featureTables>;
}

async function planOne(file: string, path: string, { model, tables }: Work) {
  const { database, encoder, declaration } = model;
  try {
    const candidates = await localCandidate(path, file);
    const plan = await planCandidates(database, candidates, {
      shardRows: SHARD_ROWS,
      lastRows: LAST_ROWS,
      encoder,
      declaration,
      findTables: (columns) => tables.find(columns, { declaration, encoder }),
      // What a gzip file is cut into is only counted.
      savePiece: async (index) => `piece ${index}`,
    });
    return { file, rows: plan.rows, shards: plan.shards.length, problem: null, plan, candidates };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { file, rows: 0, shards: 0, problem: error.message, plan: null, candidates: null };
  }
}

/** Scores the beginning of a file; nothing of it is kept. */
async function probe(plan: CandidatePlan, file: CandidateFile, { model, scratch, tables }: Work) {
  const { database, encoder, declaration, outputs, chunksAtOnce } = model;
  const [shard] = plan.shards;
  // A piece of a gzip file was only counted.
  if (shard === undefined || shard.piece !== undefined) return null;
  const rows = plan.format === 'parquet' ? Math.min(shard.rows, PROBE_ROWS) : shard.rows;
  const [scoresPath, rejectsPath] = [join(scratch, 'probe-scores.parquet'), join(scratch, 'probe-rejects.parquet')];
  const { featureTables: pinned } = plan;
  const began = performance.now();
  await scoreRows({
    ...{ database, file, plan, declaration, encoder, outputs, chunksAtOnce, scoresPath, rejectsPath },
    shard: { ...shard, rows },
    predict: (chunk) => model.predict(chunk),
    ...(pinned && {
      join: (relation: Relation) => tables.join(relation, { database, tables: pinned, declaration, encoder, scratch }),
    }),
  });
  const rowsPerSecond = rows / ((performance.now() - began) / 1000);
  for (const path of [scoresPath, rejectsPath]) await rm(path, { force: true });
  return { probedRows: rows, rowsPerSecond };
}
