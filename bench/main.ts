/**
 * Speeds on synthetic data of the paper's shape: a training step and an epoch, scoring end to end, and the handlers over
 * the S3 of an emulator (`scripts/aws-env.sh` installs it).
 *
 *     npm run bench [-- --rows 400000] [--only training|aws] [--aws-rows 2000000] [--emulator ministack|localstack]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../lib/table/database.ts';
import { benchAws } from './aws.ts';
import { benchScoring } from './scoring.ts';
import { syntheticDeclaration, writeSynthetic } from './synthetic.ts';
import { benchTraining } from './training.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '400000' },
    'aws-rows': { type: 'string', default: '2000000' },
    only: { type: 'string' },
    emulator: { type: 'string', default: 'ministack' },
  },
});
const rows = Number(values.rows);
const threads = availableParallelism();
const scratch = await mkdtemp(join(tmpdir(), 'entirespace-bench-'));
const database = await openDatabase({ threads, memoryLimitMiB: 4096, scratch });
try {
  console.log(
    `${cpus()[0]?.model}, ${threads} threads, node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`,
  );
  if (values.only !== 'aws') {
    const path = join(scratch, 'bench.parquet');
    await writeSynthetic(database, path, rows);
    const run = { database, declaration: syntheticDeclaration(), path, rows, threads, scratch };
    const folder = await benchTraining(run);
    await benchScoring({ ...run, folder });
  }
  if (values.only !== 'training') {
    const emulator = values.emulator === 'localstack' ? 'localstack' : 'ministack';
    await benchAws({ database, threads, scratch, rows: Number(values['aws-rows']), emulator });
  }
} finally {
  await database.close();
  await rm(scratch, { recursive: true, force: true });
}
