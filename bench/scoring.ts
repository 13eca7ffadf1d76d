import { join } from 'node:path';
import { count, countOf } from '../lib/numbers/text.ts';
import { openModel } from '../lib/predictor/open-model.ts';
import { planCandidates } from '../lib/table/candidates/plan-file.ts';
import { scoreRows } from '../lib/table/candidates/score-shard.ts';
import { localCandidate } from '../lib/table/formats/candidate-file.ts';
import { type BenchRun, peakMemory } from './training.ts';

/** Measures the scoring of a file from end to end: read, check, encode, predict, write. Prints a line. */
export async function benchScoring({
  database,
  declaration,
  path,
  rows,
  threads,
  scratch,
  folder,
}: BenchRun & { readonly folder: string }): Promise<void> {
  const model = await openModel(database, { folder, declaration }, { threads });
  try {
    const file = await localCandidate(path);
    const plan = await planCandidates(database, file, { shardRows: rows });
    let predicting = 0;
    const started = performance.now();
    await scoreRows({
      database,
      file,
      plan,
      shard: plan.shards[0] as (typeof plan.shards)[number],
      declaration,
      encoder: model.encoder,
      outputs: model.outputs,
      predict: async (chunk) => {
        const before = performance.now();
        const scores = await model.predict(chunk);
        predicting += performance.now() - before;
        return scores;
      },
      scoresPath: join(scratch, 'scores.parquet'),
      rejectsPath: join(scratch, 'rejects.parquet'),
    });
    const milliseconds = performance.now() - started;
    const rate = count((rows / milliseconds) * 1000);
    console.log(
      `scored ${countOf(rows, 'row')} in ${Math.round(milliseconds)} ms (${rate} rows/s, forward pass ${Math.round(predicting)} ms, ${peakMemory()})`,
    );
  } finally {
    await model.release();
  }
}
