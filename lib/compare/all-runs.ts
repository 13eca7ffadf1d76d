/** The runs of a comparison: which are wanted, in which order, and which settings they are with. */
import type { Competitor } from './competitor.ts';
import { NotComparableError } from './protocol.ts';
import type { ComparedModel } from './result/comparison-file.ts';
import type { Figure } from './result/figures.ts';
import { type MeasuredOutcomes, type Measurement, measure, withSharedProduct } from './result/measure.ts';
import { type SeedScores, valuesOf } from './result/model-result.ts';
import type { OpenBench } from './runs/open-bench.ts';
import type { Run, RunProgress, Settings } from './runs/run.ts';
import { type Outcome, runAll, type Wanted } from './runs/run-all.ts';
import type { EndedRun } from './runs/run-file.ts';
import { RunStore, type RunStoreOptions } from './runs/run-store.ts';
import { sharedCtr } from './shared-ctr.ts';

/** How often models are trained, and how. */
export interface RunsOptions extends RunStoreOptions {
  readonly seeds: number;
  /** Trials of each model's settings on the validation rows, with the first seed. */
  readonly trials: number;
  /** What settings are chosen by. */
  readonly by: Figure;
  /** Shares of the training rows, below 1, that models are trained on as well. */
  readonly shares: readonly number[];
  /** Runs at once, each in a thread of its own. */
  readonly atOnce: number;
  /** Called after each run, with the number of those that have ended and of all. */
  readonly onRun: (outcome: Outcome, done: number, total: number) => void;
  /** Called again and again while a run is under way. */
  readonly onProgress?: (wanted: Wanted, progress: RunProgress) => void;
}

/** The settings that were chosen for a competitor, and what was tried. */
export interface Chosen {
  readonly competitor: Competitor;
  readonly settings: Settings;
  readonly trials: ComparedModel['trials'];
}

/** The runs of a comparison. */
export class Runs {
  readonly seeds: readonly number[];
  readonly #bench: OpenBench;
  readonly #competitors: readonly Competitor[];
  readonly #options: RunsOptions;
  readonly #store: RunStore;
  readonly #sharedCtr: Competitor;
  readonly #failures = new Map<Competitor, ComparedModel['failures']>();
  readonly #total: number;
  #done = 0;

  constructor(bench: OpenBench, competitors: readonly Competitor[], options: RunsOptions) {
    const { declaration } = bench.opened.log;
    const { seeds, shares } = options;
    const trials = options.trials === 1 ? 0 : options.trials;
    this.#bench = bench;
    this.#competitors = competitors;
    this.#options = options;
    this.#store = new RunStore(bench, options);
    this.#sharedCtr = sharedCtr(declaration);
    this.seeds = Array.from({ length: seeds }, (_, index) => declaration.training.seed + index);
    this.#total = seeds + competitors.length * (trials + seeds * (1 + shares.length));
  }

  /**
   * Trains the CTR networks that all models share, one for each seed.
   * @throws {NotComparableError} where one cannot be trained.
   */
  async shared(): Promise<void> {
    const outcomes = await this.#run(
      this.seeds.map((seed) => ({ competitor: this.#sharedCtr, run: { ...ALL_ROWS, seed } })),
    );
    for (const { failure, run } of outcomes)
      if (failure !== null)
        throw new NotComparableError(
          `the CTR network that all models share could not be trained with seed ${run.seed}: ${failure}`,
        );
  }

  /** Tries settings of every competitor on the validation rows, and returns the best; of equal ones the first. */
  async chooseSettings(validation: MeasuredOutcomes, measurement: Measurement): Promise<readonly Chosen[]> {
    const { trials, by } = this.#options;
    const [seed = 1] = this.seeds;
    const rows = this.#bench.rows.train.rows;
    const settingsOf = new Map(this.#competitors.map((one) => [one, trials === 1 ? [] : one.trials(trials, rows)]));
    const wanted = [...settingsOf].flatMap(([competitor, all]) =>
      all.map((settings) => ({ competitor, run: { settings, seed, share: 1 } })),
    );
    const shared = await this.#sharedScores(seed);
    const values = new Map<Run, number | null>();
    const outcomes = await this.#run(wanted, ({ run }, { validation: scores }) => {
      const probabilities = withSharedProduct(scores, shared.validation);
      values.set(run, valuesOf(measure(validation, probabilities, measurement))[by]);
    });
    return this.#competitors.map((competitor) => {
      const tried = outcomes.filter((outcome) => outcome.competitor === competitor);
      const all = tried.map(({ run, failure }) => ({
        settings: run.settings,
        validation: values.get(run) ?? null,
        failure,
      }));
      return { competitor, settings: bestOf(all), trials: all };
    });
  }

  /** Trains every competitor with its settings: with each seed, and on each share of the training rows. */
  async all(chosen: readonly Chosen[]): Promise<void> {
    for (const share of [1, ...this.#options.shares]) {
      const wanted = chosen.flatMap(({ competitor, settings }) =>
        this.seeds.map((seed) => ({ competitor, run: { settings, seed, share } })),
      );
      for (const { competitor, run, failure } of await this.#run(wanted))
        if (failure !== null) {
          const before = this.#failures.get(competitor) ?? [];
          this.#failures.set(competitor, [...before, { seed: run.seed, share, why: failure }]);
        }
    }
  }

  failuresOf(competitor: Competitor): ComparedModel['failures'] {
    return this.#failures.get(competitor) ?? [];
  }

  /** Reads the scores of a competitor by seed, those with the shared CTR network among them. */
  async *scores({ competitor, settings }: Chosen, share: number): AsyncGenerator<SeedScores> {
    for (const seed of this.seeds) {
      const ended = await this.#store.recorded(competitor, { settings, seed, share });
      if (ended === null) continue;
      const shared = await this.#sharedScores(seed);
      yield { seed, probabilities: withSharedProduct(ended.test, shared.test), facts: ended.facts };
    }
  }

  async #sharedScores(seed: number): Promise<Readonly<Record<'validation' | 'test', Float32Array>>> {
    const ended = await this.#store.recorded(this.#sharedCtr, { ...ALL_ROWS, seed });
    const [validation, test] = [ended?.validation.pctr, ended?.test.pctr];
    if (validation === undefined || test === undefined)
      throw new NotComparableError(`the record of the shared CTR network with seed ${seed} is gone, run it again`);
    return { validation, test };
  }

  #run(wanted: readonly Wanted[], onScores?: (wanted: Wanted, ended: EndedRun) => void): Promise<readonly Outcome[]> {
    return runAll(this.#store, wanted, {
      atOnce: this.#options.atOnce,
      signal: this.#bench.signal,
      ...(onScores && { onScores }),
      onProgress: (wanted, progress) => this.#options.onProgress?.(wanted, progress),
      onOutcome: (outcome) => this.#options.onRun(outcome, ++this.#done, this.#total),
    });
  }
}

const ALL_ROWS = { settings: {}, share: 1 } as const;

/** The settings of the greatest value, of equal ones the first; the declared ones where no value is defined. */
function bestOf(trials: ComparedModel['trials']): Settings {
  const values = trials.map(({ validation }) => validation ?? Number.NEGATIVE_INFINITY);
  return trials[values.indexOf(Math.max(...values))]?.settings ?? {};
}
