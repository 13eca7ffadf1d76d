/** The process behind `modelProcess`: loads the one version of its requests, and ends when its parent disconnects. */
import { readEnvironment, text, wholeNumber } from '../lib/config/environment.ts';
import { FUNCTION_MEMORY_MIB, MAX_FUNCTION_CSV_BYTES, MAX_FUNCTION_RANKED_ROWS } from '../lib/contract/limits.ts';
import type { CandidateFiles } from '../lib/scoring/protocol/ports.ts';
import { candidateFiles } from '../lib/scoring/rows/candidate-files.ts';
import { ModelLoader } from '../lib/scoring/rows/models.ts';
import { openStore } from '../lib/store/open-store.ts';
import { computeOf } from './compute.ts';
import { type Answer, candidateErrorRecord, type Question } from './model-process.ts';
import { emptyFolder, SCRATCH } from './scratch.ts';

const { BUCKET, AWS_LAMBDA_FUNCTION_MEMORY_SIZE } = readEnvironment({
  BUCKET: text,
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: wholeNumber(FUNCTION_MEMORY_MIB),
});
const store = openStore(BUCKET);
const scratch = emptyFolder(SCRATCH.models);
const models = new ModelLoader(store, { scratch, ...computeOf(AWS_LAMBDA_FUNCTION_MEMORY_SIZE) });
const files = candidateFiles({
  store,
  models,
  scratch: SCRATCH.work,
  tablesFolder: scratch,
  maxCsvBytes: MAX_FUNCTION_CSV_BYTES,
  maxRankedRows: MAX_FUNCTION_RANKED_ROWS,
});

process.on('message', async (question: Question) => process.send?.(await answerTo(question, files)));
process.on('disconnect', async () => {
  await models.release();
  process.exit();
});

async function answerTo(question: Question, files: CandidateFiles): Promise<Answer> {
  try {
    switch (question.kind) {
      case 'plan':
        return { kind: 'plan', plan: await files.plan(question.file, question.model) };
      case 'scoreShard':
        return { kind: 'scoreShard', shard: await files.scoreShard(question.request) };
      case 'rankPart':
        return { kind: 'rankPart', part: await files.rankPart(question.request) };
    }
  } catch (error) {
    return { kind: 'error', error: candidateErrorRecord(error) };
  }
}
