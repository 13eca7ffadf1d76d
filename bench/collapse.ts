/**
 * Trains ESMM with each tower and several seeds on a log at Ali-CCP's rates, and prints whether any output is no better
 * than a constant on the validation rows. The log is read and encoded once. Runs that have ended are not made again if
 * the same folder is given.
 *
 *     npm run bench -- --only collapse --rows 5000000 [--folder /var/tmp/collapse]
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDeclaration } from '../lib/config/parse-declaration.ts';
import { count, fixed, secondsText } from '../lib/numbers/text.ts';
import type { Database } from '../lib/table/database.ts';
import { withLog } from '../lib/table/open-log.ts';
import { hasLearnedNothing, type OutputFigures } from '../lib/training/epochs/epoch-record.ts';
import { fitNetworks } from '../lib/training/fit-model.ts';
import { stageRates } from '../lib/training/held-out/stage-rates.ts';
import { encodeForTrials } from '../lib/tune/encode-log.ts';
import type { EncodedLog } from '../lib/tune/run-trial.ts';
import { ALI_CCP, rareDeclaration, writeRareLog } from './rare-log.ts';

const SEEDS = 10;
const TOWERS = ['mlp', 'mmoe', 'ple'] as const;

/** How a tower learned with a seed. */
interface Run {
  readonly tower: string;
  readonly seed: number;
  readonly bestEpoch: number;
  readonly outputs: Readonly<Record<string, OutputFigures>>;
  readonly seconds: number;
}

/** Makes the runs that are left, and prints all. */
export async function benchCollapse(
  { database, threads, scratch }: { readonly database: Database; readonly threads: number; readonly scratch: string },
  rows: number,
  folder: string = scratch,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const log = join(folder, `rare-${rows}.parquet`);
  if (!existsSync(log)) {
    await writeRareLog(database, `${log}.part`, { ...ALI_CCP, rows, seed: 1 });
    await rename(`${log}.part`, log);
  }
  const results = join(folder, `collapse-${rows}.json`);
  const runs: Run[] = existsSync(results) ? JSON.parse(await readFile(results, 'utf8')) : [];
  const text = rareDeclaration('mlp');
  const declaration = parseDeclaration(text, 'bench');
  const open = { declaration, dataPath: log, scratch, threads, memoryLimitMiB: 4096 };
  await withLog(open, async (opened) => {
    const encoded = await encodeForTrials(opened, { declarationText: text, scratch, threads });
    for (const tower of TOWERS)
      for (let seed = 1; seed <= SEEDS; seed++) {
        const done = runs.find((run) => run.tower === tower && run.seed === seed);
        const run = done ?? (await trained(encoded, tower, seed));
        if (done === undefined) {
          runs.push(run);
          await writeFile(results, `${JSON.stringify(runs, null, 2)}\n`);
        }
        console.log(lineOf(run));
      }
  });
  const collapsed = runs.filter(({ outputs }) => Object.values(outputs).some(hasLearnedNothing));
  console.log(
    `${count(rows)} rows: ${collapsed.length} of ${runs.length} runs have an output no better than a constant`,
  );
}

async function trained(encoded: EncodedLog, tower: string, seed: number): Promise<Run> {
  const began = performance.now();
  const { log } = encoded.opened;
  const { training } = log.declaration;
  const { model } = parseDeclaration(rareDeclaration(tower), 'bench');
  const declaration = { ...log.declaration, model, training: { ...training, seed } };
  const { fitted } = await fitNetworks(
    { ...encoded, opened: { ...encoded.opened, log: { ...log, declaration } } },
    { ...encoded.rows, rates: stageRates(encoded.summary) },
  );
  const [network] = fitted;
  const best = network?.epochs.find(({ epoch }) => epoch === network.bestEpoch);
  return {
    tower,
    seed,
    bestEpoch: best?.epoch ?? 0,
    outputs: best?.validationOutputs ?? {},
    seconds: (performance.now() - began) / 1000,
  };
}

function lineOf({ tower, seed, bestEpoch, outputs, seconds }: Run): string {
  const figures = Object.entries(outputs).map(([name, { auc, logLoss, baseLogLoss }]) => {
    const entropy = logLoss === null || baseLogLoss === null ? null : logLoss / baseLogLoss;
    return `${name} AUC ${fixed(auc, 4)}, normalised entropy ${fixed(entropy, 4)}`;
  });
  return `${tower}, seed ${seed}: ${figures.join('; ')}; epoch ${bestEpoch}, ${secondsText(seconds)}`;
}
