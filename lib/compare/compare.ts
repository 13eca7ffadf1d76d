/** The comparison: what the scores of all runs say. */
import { createHash } from 'node:crypto';
import type { Declaration } from '../config/declaration.ts';
import { chooseUnits } from '../gate/comparison/choose-units.ts';
import type { ChosenUnits } from '../gate/comparison/compare.ts';
import { type Outcomes, readOutcomes, readTruth } from '../table/check/outcomes.ts';
import { PARTS } from '../table/encoded.ts';
import { DataError } from '../table/errors.ts';
import { stageRates } from '../training/held-out/stage-rates.ts';
import { type Chosen, Runs, type RunsOptions } from './all-runs.ts';
import type { Competitor } from './competitor.ts';
import { comparedRoles, NotComparableError, protocolOf } from './protocol.ts';
import type { ComparedModel, Comparison } from './result/comparison-file.ts';
import { FIGURE_NAMES, type Figure, TASK_OF } from './result/figures.ts';
import { overSeeds, overUsers } from './result/intervals.ts';
import { type MeasuredOutcomes, type Measurement, measure, measurementOf } from './result/measure.ts';
import { type ModelResult, meansOf, resultOfModel, valuesOf } from './result/model-result.ts';
import { claimOf, notesOf, rankedModels, verdictText, winnerOf } from './result/verdict.ts';
import type { OpenBench } from './runs/open-bench.ts';
import { truthOfRuns } from './truth/of-runs.ts';

/** How models are compared. */
export interface CompareOptions extends Omit<RunsOptions, 'logDigest'> {
  /** Digest of the declaration, for the file. */
  readonly declarationSha256: string;
  /** Name of the model that the others are compared with, which is one of them. */
  readonly against: string;
  readonly leftOut: Comparison['leftOut'];
}

/** Compares competitors on a bench. Runs that are recorded are not run again. */
export async function compare(
  bench: OpenBench,
  competitors: readonly Competitor[],
  options: CompareOptions,
): Promise<Omit<Comparison, 'formatVersion'>> {
  const { database, log } = bench.opened;
  const { declaration } = log;
  assertComparable(bench, options.by);
  const outcomes = {
    validation: await readOutcomes(database, log, ['validation']),
    test: await readOutcomes(database, log, ['test']),
  };
  const truth = await readTruth(database, log, ['test']);
  const logDigest = digestOfLog(bench);
  const runs = new Runs(bench, competitors, { ...options, logDigest });
  const measurement = measurementOf(declaration, stageRates(bench.summary));
  assertMeasured(measurement, options.by);
  await runs.shared();
  const chosen = await runs.chooseSettings(outcomes.validation, measurement);
  await runs.all(chosen);
  const units = chooseUnits({ labels: outcomes.test.labels, group: groupOf(declaration, outcomes.test) });
  const test = { outcomes: outcomes.test, measurement, units };
  const results = await resultsOf(runs, chosen, test, options);
  const models = rankedModels(results, options.by);
  const { by, against, trials, shares } = options;
  const { click, conversion } = comparedRoles(declaration);
  const positives = (stage: string) => ({
    train: bench.summary.parts.train.labels[stage]?.positives ?? 0,
    test: bench.summary.parts.test.labels[stage]?.positives ?? 0,
  });
  const facts = {
    models,
    options: { seeds: [...runs.seeds], trials, by, against, shares: [...shares] },
    units: { kind: units.kind, count: units.units.distinct, note: units.note },
    clicks: positives(click),
    conversions: positives(conversion),
  };
  const judged = { ...facts, tooFew: units.tooFew };
  return {
    name: declaration.name,
    identity: { declarationSha256: options.declarationSha256, logDigest },
    protocol: protocolOf(declaration),
    split: bench.summary.split,
    rows: rowsOfParts(bench),
    ...facts,
    shares: await sharesOf(runs, chosen, test, shares),
    ...(truth && { truth: await truthOfRuns(runs, chosen, { ...test, truth, declaration }, against) }),
    leftOut: options.leftOut,
    winner: winnerOf(facts),
    verdict: verdictText(judged),
    notes: [...notesOf(judged)],
  };
}

/** The test rows, what is measured of them, and what is resampled. */
interface TestPart {
  readonly outcomes: MeasuredOutcomes;
  readonly measurement: Measurement;
  readonly units: ChosenUnits;
}

async function resultsOf(
  runs: Runs,
  chosen: readonly Chosen[],
  { outcomes, measurement, units }: TestPart,
  { by, against }: Pick<CompareOptions, 'by' | 'against'>,
): Promise<ComparedModel[]> {
  const measured = (one: Chosen) => resultOfModel(runs.scores(one, 1), outcomes, measurement);
  const ofReference = chosen.find(({ competitor }) => competitor.name === against) as Chosen;
  const reference = await measured(ofReference);
  const models: ComparedModel[] = [];
  for (const one of chosen) {
    const { averagedModel, ...result } = one === ofReference ? reference : await measured(one);
    const isCompared = one !== ofReference && averagedModel !== null && reference.averagedModel !== null;
    const [seed = 1] = runs.seeds;
    const users = isCompared
      ? overUsers(outcomes, units, { own: averagedModel, reference: reference.averagedModel, seed })
      : null;
    const model = {
      name: one.competitor.name,
      isForComparisonOnly: one.competitor.isForComparisonOnly,
      settings: one.settings,
      trials: one.trials,
      failures: runs.failuresOf(one.competitor),
      ...result,
      differences: users && differencesOf(result, reference, users),
    };
    models.push({ ...model, claim: claimOf(model, { by, against }, units.tooFew) });
  }
  return models;
}

/** The differences of a model from the reference, by figure. */
function differencesOf(
  own: Pick<ModelResult, 'seeds'>,
  reference: Pick<ModelResult, 'seeds'>,
  users: ReturnType<typeof overUsers>,
): ComparedModel['differences'] {
  const entries = FIGURE_NAMES.flatMap((figure) => {
    const paired = own.seeds.flatMap(({ seed, figures }) => {
      const other = reference.seeds.find((one) => one.seed === seed)?.figures[figure] ?? null;
      const value = figures[figure] ?? null;
      return value === null || other === null ? [] : [value - other];
    });
    const interval = users[figure];
    return interval === undefined ? [] : [[figure, { overSeeds: overSeeds(paired), overUsers: interval }] as const];
  });
  return Object.fromEntries(entries) as ComparedModel['differences'];
}

/** Means over seeds by share of the training rows, that of all rows among them, where there are any others. */
async function sharesOf(
  runs: Runs,
  chosen: readonly Chosen[],
  { outcomes, measurement }: TestPart,
  shares: readonly number[],
): Promise<Comparison['shares']> {
  const points: Comparison['shares'] = [];
  for (const one of shares.length === 0 ? [] : chosen)
    for (const share of [...shares, 1]) {
      const seeds = [];
      for await (const { probabilities } of runs.scores(one, share))
        seeds.push(valuesOf(measure(outcomes, probabilities, measurement)));
      points.push({ name: one.competitor.name, share, ...meansOf(seeds) });
    }
  return points;
}

/**
 * Checks that the test rows can tell models apart.
 * @throws {DataError} where they have no click, no conversion, or no click without one, or nothing but clicks where models
 * are compared by these. (Rows drawn at random and all clicked, as by chance, tell pCVR apart.)
 */
function assertComparable({ summary, opened: { log } }: OpenBench, by: Figure): void {
  const { click, conversion } = comparedRoles(log.declaration);
  for (const [stage, given] of [
    [click, null],
    [conversion, click],
  ] as const) {
    const { positives = 0, negatives = 0 } = summary.parts.test.labels[stage] ?? {};
    const all = given === null ? positives + negatives : (summary.parts.test.labels[given]?.positives ?? 0);
    const mayBeAll = stage === click && by !== 'ctr_auc';
    if (positives > 0 && (positives < all || mayBeAll)) continue;
    const got = positives === 0 ? 'none' : 'each of them';
    const of = given === null ? 'test rows' : `test rows with ${given}`;
    throw new DataError(
      'one_class',
      `models cannot be compared on the ${of}: ${got} has ${stage}, expected some that have it and some that have not (${summary.split}, in ${log.source.path})`,
    );
  }
  if (summary.parts.validation.rows === 0)
    throw new DataError(
      'no_rows',
      `no row is in the validation part, by which training stops and settings are chosen (${summary.split}, in ${log.source.path})`,
    );
}

function assertMeasured({ tasks }: Measurement, by: Figure): void {
  if (tasks.some(({ name }) => name === TASK_OF[by])) return;
  throw new NotComparableError(
    `--by ${by}: the root of the funnel is no impression (roles.impression), expected another figure`,
  );
}

/** Increased when the same run of the same log gives other scores. */
const RUN_FORMAT = 1;

/** Digest of the log and of how it is read and divided. */
function digestOfLog({ summary, opened: { log } }: OpenBench): string {
  const { root, stages, roles, csv, split, embeddings, features, log: all } = log.declaration;
  // Nothing is trained on the truth.
  const { truth: _, ...columns } = all;
  const read = { root, stages, roles, csv, split, embeddings, features, columns };
  const parts = PARTS.map((part) => [summary.parts[part].rows, summary.parts[part].digest]);
  return createHash('sha256')
    .update(JSON.stringify([RUN_FORMAT, read, parts]))
    .digest('hex');
}

function groupOf({ log }: Declaration, { group, day }: Outcomes) {
  const of = group ?? day;
  return of && { of, kind: log.group === null ? ('days' as const) : ('groups' as const) };
}

function rowsOfParts({ summary }: OpenBench): Comparison['rows'] {
  const [train, validation, test] = PARTS.map((part) => summary.parts[part].rows);
  return { train: train as number, validation: validation as number, test: test as number };
}
