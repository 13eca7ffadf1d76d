/**
 * Gradient-boosted trees as a competitor: LightGBM, in a Python that the user has. There is no maintained library of
 * boosted trees that trains in Node.js. The trees are for comparison only: nothing here can publish or score them.
 *
 * Each labelled stage has trees of its own, which are trained on the rows that reached the labelled stage before it, as
 * those of the conversion on clicked rows; the probability of reaching a stage is the product along the way.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { assertMemory } from '../../config/machine.ts';
import { labelledBefore, stageGraph } from '../../model/stage-graph.ts';
import { count } from '../../numbers/text.ts';
import type { InputSpec } from '../../table/encoded.ts';
import { BLOCK_ROWS, bytesOfRow } from '../../training/rows/column-file.ts';
import type { Competitor } from '../competitor.ts';
import { variedTrials } from '../knobs.ts';
import type { Bench } from '../runs/bench.ts';
import type { OnRunProgress, Run, RunScores, Settings } from '../runs/run.ts';
import { shareStream } from '../runs/share-of-rows.ts';
import { GbdtError, lightGbmVersion, type Python, runScript, SCRIPT } from './python.ts';
import { readScores } from './stage-scores.ts';

export const GBDT = 'gbdt';

/** Parameters of LightGBM, and the values that are tried; the first is the one of the first trial. */
const PARAMETERS = [
  { place: 'gbdt.num_leaves', values: [31, 7, 127, 15, 63], declared: 31 },
  { place: 'gbdt.min_data_in_leaf', values: [20, 100, 500], declared: 20 },
  { place: 'gbdt.lambda_l2', values: [0, 1, 30], declared: 0 },
] as const;

/**
 * Returns the trees as a competitor; which settings are tried depends on the seed.
 * @throws {NoLightGbmError} where this Python has no LightGBM.
 */
export async function gbdtCompetitor(python: Python, seed: number): Promise<Competitor> {
  const version = await lightGbmVersion(python);
  const script = await readFile(SCRIPT, 'utf8');
  return {
    name: GBDT,
    isForComparisonOnly: true,
    trials: (trials) => variedTrials(PARAMETERS, trials, { seed, of: GBDT }),
    identity: (settings) =>
      createHash('sha256')
        .update(JSON.stringify([GBDT, version, script, settings]))
        .digest('hex'),
    run: (run, bench, onProgress) =>
      bench.memory.run(treeBytes(bench), () => trainTrees(python, run, bench, onProgress)),
  };
}

/** Bytes of Python with LightGBM, and of a value of the trees' columns: as a double, as a float and as a bin. */
const PYTHON_BYTES = 200 * 2 ** 20;
const VALUE_BYTES = 16;
/** Columns of the trees at most for an input: the rate of its values, and how many there are. */
const COLUMNS_OF_INPUT = 2;
const REMEDY = 'leave out gbdt (--models), or train on fewer rows';

/** Returns the bytes that the script takes: the encoded rows, those of a stage among them, and the columns of the trees. */
function treeBytes({ encoder, rows }: Bench): number {
  const trained = rows.train.rows + rows.validation.rows;
  const values = COLUMNS_OF_INPUT * encoder.inputs.length * trained;
  return PYTHON_BYTES + VALUE_BYTES * values + 2 * trained * bytesOfRow(rows.train.stored().layout);
}

/** Trains the trees of every labelled stage in a process of its own, with one thread. */
async function trainTrees(
  python: Python,
  { settings, seed, share }: Run,
  bench: Bench,
  onProgress: OnRunProgress,
): Promise<RunScores> {
  assertMemory({ work: 'training gbdt', bytes: treeBytes(bench), remedy: REMEDY }, undefined, bench.usedBytes);
  const { opened, encoder, rows, signal } = bench;
  const graph = stageGraph(opened.log.declaration);
  const scratch = await mkdtemp(join(bench.scratch, 'gbdt-'));
  try {
    const scores = join(scratch, 'scores');
    const request = {
      blockRows: BLOCK_ROWS,
      train: rows.train.stored(),
      validation: rows.validation.stored(),
      test: rows.test.stored(),
      features: encoder.inputs.map(featureOf),
      stages: graph.labelled.map(({ name }) => {
        const given = labelledBefore(graph, name);
        return { name, given: given === graph.root ? null : given };
      }),
      taken: share === 1 ? null : await writeTaken(join(scratch, 'taken'), { seed, share, rows: rows.train.rows }),
      seed,
      parameters: parametersOf(settings),
      scores,
    };
    const networks = await runRequest(python, request, { signal, onProgress });
    return {
      ...(await readScores(scores, graph, { validation: rows.validation.rows, test: rows.test.rows })),
      facts: { isCalibrated: true, isOnChosenRows: true, networks },
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** How the script reads each kind of input. */
const READ_AS: Readonly<Record<InputSpec['kind'], 'id' | 'list' | 'number' | 'quantile'>> = {
  id: 'id',
  bag: 'list',
  sequence: 'list',
  number: 'number',
  vector: 'number',
  quantile: 'quantile',
};

/** What the script must know of an input. */
function featureOf(input: InputSpec) {
  const feature = { name: input.name, kind: READ_AS[input.kind] };
  return input.kind === 'quantile' ? { ...feature, boundaries: input.boundaries } : feature;
}

/** The values of all parameters by LightGBM's names. */
function parametersOf(settings: Settings): Readonly<Record<string, Settings[string]>> {
  return Object.fromEntries(
    PARAMETERS.map(({ place, declared }) => [place.slice(`${GBDT}.`.length), settings[place] ?? declared]),
  );
}

/** Writes which training rows are in a share, a byte each: the same ones that the networks are trained on. */
async function writeTaken(
  path: string,
  { seed, share, rows }: { readonly seed: number; readonly share: number; readonly rows: number },
): Promise<string> {
  const random = shareStream(seed);
  await writeFile(
    path,
    Uint8Array.from({ length: rows }, (_, place) => Number(random.uniform(place) < share)),
  );
  return path;
}

/** A line that the script writes: how far it is, or what became of the training. */
const replySchema = z.union([
  z.object({ stage: z.string(), trees: z.number(), most: z.number() }),
  z.object({ networks: z.array(z.object({ name: z.string(), bestEpoch: z.number(), epochs: z.number() })) }),
  z.object({ error: z.string() }),
]);

async function runRequest(
  python: Python,
  request: object,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: OnRunProgress },
): Promise<RunScores['facts']['networks']> {
  const replies: z.infer<typeof replySchema>[] = [];
  const onLine = (line: string) => {
    const reply = replySchema.parse(JSON.parse(line));
    replies.push(reply);
    if ('trees' in reply)
      onProgress({
        what: `${reply.stage}, ${count(reply.trees)} of at most ${count(reply.most)} trees`,
        share: reply.trees / reply.most,
        rows: null,
      });
  };
  await runScript(python, { args: [], input: `${JSON.stringify(request)}\n`, onLine, signal });
  const last = replies.at(-1);
  if (last !== undefined && 'error' in last) throw new GbdtError(last.error);
  if (last === undefined || !('networks' in last)) throw new GbdtError(`${python.python} ended without a result`);
  return last.networks;
}
