/** One training of a model, and what it gives. */
import type { Probabilities } from '../../training/held-out/predict.ts';

/** A value of a setting, as it is written in a declaration. */
export type SettingValue = number | string | readonly number[];

/** Settings that differ from the declared ones, by their place in the declaration, such as `model.rate`. */
export type Settings = Readonly<Record<string, SettingValue>>;

/** One training of a competitor. */
export interface Run {
  readonly settings: Settings;
  readonly seed: number;
  /** Share of the training rows that it is trained on. */
  readonly share: number;
}

/** How far a training is. */
export interface RunProgress {
  /** What is under way: `epoch 2/10`. */
  readonly what: string;
  /** Share of the work that is done, of the most that it may be: training may stop early. */
  readonly share: number;
  /** Rows that are trained on, each once an epoch; `null` where they are not counted. */
  readonly rows: number | null;
}

/** Called again and again while a training is under way. */
export type OnRunProgress = (progress: RunProgress) => void;

/** The scores of a trained model: of `pctr`, `pcvr`, `pctcvr` and every other output that is measured. */
export interface RunScores {
  readonly validation: Probabilities;
  readonly test: Probabilities;
  readonly facts: RunFacts;
}

/** What is known of a training besides its scores. */
export interface RunFacts {
  /** Whether the probabilities are meant to be right, and not only their order. */
  readonly isCalibrated: boolean;
  /** Whether the rows that train its CVR network are chosen by the click, instead of all impressions. */
  readonly isOnChosenRows: boolean;
  readonly networks: readonly {
    readonly name: string | null;
    readonly bestEpoch: number;
    readonly epochs: number;
  }[];
}
