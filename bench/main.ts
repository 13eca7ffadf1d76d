/**
 * Measures speeds on synthetic data of the paper's shape: a training step and an epoch, scoring end to end, and the
 * handlers over the S3 of an emulator (`scripts/python-env.sh aws` installs it). Only with `--only`: files of the largest
 * sizes (`huge`, `csv`), what models learn from either order of rows (`shuffle`), whether any collapses where conversions
 * are rare (`collapse`) or come late (`delay`), both training engines (`engines`), single requests (`online`), the memory of monitoring (`monitoring`), tables of
 * 100 million rows (`large-tables`, which takes 19 GiB of memory and 15 GB of disk), and the product beside what a Python
 * user would write (`yardstick`).
 *
 *     npm run bench [-- --rows 400000] [--only training|aws|huge|csv|shuffle|collapse|delay|engines|online|monitoring|large-tables|yardstick] [--ids 100000000] [--aws-rows 2000000]
 *                       [--days 30] [--emulator ministack|localstack]
 *                       [--folder /var/tmp/collapse] [--figures grouped,train] [--rounds 3] [--install-python] [--python .venv/bin/python]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../lib/table/database.ts';
import { benchAws } from './aws.ts';
import { benchCollapse } from './collapse.ts';
import { benchDelay } from './delay.ts';
import { benchEngines } from './engines.ts';
import { withFunctions } from './function-process.ts';
import { benchHuge } from './huge.ts';
import { benchLargeCsv } from './large-csv.ts';
import { benchLargeTables } from './large-tables.ts';
import { benchMonitoring } from './monitoring.ts';
import { benchOnline } from './online/online.ts';
import { benchScoring } from './scoring.ts';
import { benchShuffle } from './shuffle.ts';
import { syntheticDeclaration, writeSynthetic } from './synthetic.ts';
import { benchTraining } from './training.ts';
import { benchYardstick } from './yardstick/yardstick.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '400000' },
    ids: { type: 'string', default: '100000000' },
    'aws-rows': { type: 'string', default: '2000000' },
    only: { type: 'string' },
    days: { type: 'string', default: '30' },
    emulator: { type: 'string', default: 'ministack' },
    folder: { type: 'string' },
    figures: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    python: { type: 'string' },
    'install-python': { type: 'boolean', default: false },
  },
});

if (values.only === 'yardstick') {
  const { figures, rounds, python } = values;
  await benchYardstick({ figures, rounds: Number(rounds), python, installsPython: values['install-python'] });
} else {
  await benchParts(values.only === undefined ? ['training', 'aws'] : [values.only]);
}

async function benchParts(parts: readonly string[]): Promise<void> {
  const rows = Number(values.rows);
  const threads = availableParallelism();
  const scratch = await mkdtemp(join(tmpdir(), 'entirespace-bench-'));
  const database = await openDatabase({ threads, memoryLimitMiB: 4096, scratch });
  try {
    console.log(
      `${cpus()[0]?.model}, ${threads} threads, node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`,
    );
    if (parts.includes('training')) {
      const path = join(scratch, 'bench.parquet');
      await writeSynthetic(database, path, rows);
      const run = { database, declaration: syntheticDeclaration(), path, rows, threads, scratch };
      const folder = await benchTraining(run);
      await benchScoring({ ...run, folder });
    }
    if (parts.includes('aws')) {
      const emulator = values.emulator === 'localstack' ? 'localstack' : 'ministack';
      console.log(await benchAws({ scratch, rows: Number(values['aws-rows']), emulator }));
    }
    if (parts.includes('huge')) await withFunctions((functions) => benchHuge({ database, functions, scratch }));
    if (parts.includes('online')) await benchOnline({ database, scratch });
    if (parts.includes('monitoring'))
      await benchMonitoring({ database, scratch, rows, days: Number(values.days), memoryMiB: 1024 });
    if (parts.includes('large-tables'))
      await benchLargeTables({ database, threads, scratch, rows, ids: Number(values.ids) });
    if (parts.includes('engines')) await benchEngines(threads, scratch);
    if (parts.includes('shuffle')) await benchShuffle({ database, threads, scratch }, rows);
    if (parts.includes('collapse')) await benchCollapse({ database, threads, scratch }, rows, values.folder);
    if (parts.includes('delay')) await benchDelay({ database, threads, scratch }, rows, values.folder);
    if (parts.includes('csv')) await withFunctions((functions) => benchLargeCsv({ functions, scratch }));
  } finally {
    await database.close();
    await rm(scratch, { recursive: true, force: true });
  }
}
