/**
 * Measures models against the truth of a generated log. It is the one place in which pcvr is measured on rows that were
 * not clicked: of a real log nobody knows whether they would have converted.
 */
import type { BootstrapOptions, Units } from '../../gate/comparison/bootstrap.ts';
import { RESAMPLES } from '../../gate/comparison/loss.ts';
import type { Truth, TruthKind } from '../../table/check/truth.ts';
import { deviation, mean, overSeeds } from '../result/intervals.ts';
import { MeanScores, type MeasuredOutcomes } from '../result/measure.ts';
import type { SeedScores } from '../result/model-result.ts';
import { ROW_SETS, type RowSet, TRUTH_FIGURE_NAMES, type TruthFigure, type TruthSums, truthValues } from './figures.ts';
import { truthIntervals } from './intervals.ts';
import { type TrueRows, totalsOf, truthSums } from './sums.ts';
import type { TruthOfModel, TruthResult } from './truth-file.ts';

/** The test rows with what is true of them. */
export interface TruthInput {
  readonly truth: Truth;
  /** Name of the column of each truth. */
  readonly columns: Readonly<Partial<Record<TruthKind, string>>>;
  readonly outcomes: Pick<MeasuredOutcomes, 'labels' | 'weight'>;
  /** The stage that is the click. */
  readonly click: string;
  readonly units: Units;
  /** Seed of the resamples. */
  readonly seed: number;
}

/** A model that is measured: its scores by seed, which are read one after the other. */
export interface ScoredModel {
  readonly name: string;
  readonly scores: () => AsyncIterable<SeedScores>;
}

/** Measures models, the reference among them. */
export async function measureTruth(
  input: TruthInput,
  models: readonly ScoredModel[],
  against: string,
): Promise<TruthResult> {
  const sets = rowSets(input);
  const { kinds, areEqual } = measuredKinds(input.truth);
  const all = kinds.flatMap((kind) => {
    const truth = input.truth[kind] as Float64Array;
    const { units, outcomes } = input;
    return ROW_SETS.map((rows) => ({ kind, rows, of: { indices: sets[rows], truth, weight: outcomes.weight, units } }));
  });
  const measured = new Map<string, readonly Measured[]>();
  for (const { name, scores } of models) measured.set(name, await measureModel(all, scores()));
  const options = { resamples: RESAMPLES, seed: input.seed };
  const reference = measured.get(against) ?? [];
  return {
    kinds: kinds.map((kind) => ({ kind, column: input.columns[kind] as string })),
    areEqual,
    rows: Object.fromEntries(ROW_SETS.map((rows) => [rows, sets[rows].length])) as TruthResult['rows'],
    bounds: all.map(({ kind, rows, of }) => ({ kind, rows, ...boundsOf(of) })),
    models: models.flatMap(({ name }) =>
      all.map(({ kind, rows }, index): TruthOfModel => {
        const own = measured.get(name)?.[index] as Measured;
        const other = name === against ? undefined : reference[index];
        return { name, kind, rows, ...resultOf(own), differences: differencesOf(own, other, options) };
      }),
    ),
  };
}

/** A set of rows and a truth. */
interface Part {
  readonly kind: TruthKind;
  readonly rows: RowSet;
  readonly of: TrueRows;
}

/** What was measured of a model in one part. */
interface Measured {
  readonly seeds: TruthOfModel['seeds'];
  /** Of the averaged scores; `null` for a model without a seed. */
  readonly averaged: TruthSums<Float64Array> | null;
}

async function measureModel(parts: readonly Part[], scores: AsyncIterable<SeedScores>): Promise<readonly Measured[]> {
  const average = new MeanScores();
  const seeds: TruthOfModel['seeds'][] = parts.map(() => []);
  for await (const { seed, probabilities } of scores) {
    const pcvr = probabilities.pcvr as Float32Array;
    average.add({ pcvr });
    for (const [index, { of }] of parts.entries())
      seeds[index]?.push({ seed, figures: truthValues(totalsOf(truthSums(of, pcvr))) });
  }
  const { pcvr } = average.mean();
  return parts.map(({ of }, index) => ({
    seeds: seeds[index] ?? [],
    averaged: pcvr === undefined ? null : truthSums(of, pcvr),
  }));
}

function resultOf({ seeds, averaged }: Measured): Pick<TruthOfModel, 'seeds' | 'mean' | 'deviation' | 'averaged'> {
  const over = (least: number, compute: (values: readonly number[]) => number) =>
    byFigure((figure) => {
      const values = seeds.flatMap(({ figures }) => figures[figure] ?? []);
      return values.length < least ? null : compute(values);
    });
  return {
    seeds,
    mean: over(1, mean),
    deviation: over(2, deviation),
    averaged: averaged && truthValues(totalsOf(averaged)),
  };
}

function differencesOf(
  own: Measured,
  reference: Measured | undefined,
  options: BootstrapOptions,
): TruthOfModel['differences'] {
  if (own.averaged === null || reference === undefined || reference.averaged === null) return null;
  const users = truthIntervals(own.averaged, reference.averaged, options);
  return byFigure((figure) => {
    const paired = own.seeds.flatMap(({ seed, figures }) => {
      const value = figures[figure] ?? null;
      const other = reference.seeds.find((one) => one.seed === seed)?.figures[figure] ?? null;
      return value === null || other === null ? [] : [value - other];
    });
    return { overSeeds: overSeeds(paired), overUsers: users[figure] };
  });
}

function rowSets({ outcomes: { labels }, click }: Pick<TruthInput, 'outcomes' | 'click'>) {
  const label = labels[click] as Int8Array;
  const all = Uint32Array.from(label.keys());
  return {
    clicked: all.filter((row) => label[row] === 1),
    unclicked: all.filter((row) => label[row] === 0),
    all,
  } as const satisfies Record<RowSet, Uint32Array>;
}

function measuredKinds({ pcvr, pcvr_do: forced }: Truth): {
  readonly kinds: readonly TruthKind[];
  readonly areEqual: boolean;
} {
  if (pcvr === undefined || forced === undefined)
    return { kinds: pcvr === undefined ? ['pcvr_do'] : ['pcvr'], areEqual: false };
  const areEqual = pcvr.every((value, row) => value === forced[row]);
  return { kinds: areEqual ? ['pcvr'] : ['pcvr', 'pcvr_do'], areEqual };
}

function boundsOf(rows: TrueRows): Pick<TruthResult['bounds'][number], 'mean' | 'auc'> {
  const totals = totalsOf(truthSums(rows, Float32Array.from(rows.truth)));
  return { mean: totals.weight === 0 ? null : totals.truth / totals.weight, auc: truthValues(totals).auc };
}

function byFigure<Value>(of: (figure: TruthFigure) => Value): Record<TruthFigure, Value> {
  return Object.fromEntries(TRUTH_FIGURE_NAMES.map((figure) => [figure, of(figure)])) as Record<TruthFigure, Value>;
}
