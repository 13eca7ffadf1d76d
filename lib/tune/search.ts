/**
 * Random search (Bergstra and Bengio, JMLR 2012) with early stopping of bad trials. The first trial has the declared
 * settings; those of every other depend on the seed and on its number alone, so that a search that is continued, or
 * extended by more trials, draws the same.
 */
import type { Declaration } from '../config/declaration.ts';
import { randomStream } from '../numbers/random.ts';
import { type Knob, type KnobValue, knobName } from './knobs.ts';
import { type EncodedLog, runTrial } from './run-trial.ts';
import type { Trial } from './trial.ts';

/** What is searched, and how long. */
export interface SearchOptions {
  readonly knobs: readonly Knob[];
  /** Number of trials, those of before included. */
  readonly trials: number;
  readonly seed: number;
  /** Trials of an interrupted search. */
  readonly before?: readonly Trial[];
  /** Called before each trial. */
  readonly onStart?: (number: number, settings: Trial['settings']) => void;
  /** Called after each trial, with all trials so far; the next one waits for it. */
  readonly onTrial?: (trial: Trial, all: readonly Trial[]) => void | Promise<void>;
}

/** Runs the trials that are left, and returns all. */
export async function search(log: EncodedLog, options: SearchOptions): Promise<readonly Trial[]> {
  const { declaration } = log.opened.log;
  const rows = log.rows.train.rows;
  const trials = [...(options.before ?? [])];
  for (let number = trials.length + 1; number <= options.trials; number++) {
    const settings = settingsOf(declaration, rows, { ...options, number });
    options.onStart?.(number, settings);
    const own = applySettings(declaration, options.knobs, settings);
    const trial = await runTrial(log, { number, settings, declaration: own }, trials);
    trials.push(trial);
    await options.onTrial?.(trial, trials);
  }
  return trials;
}

/** Returns a declaration with the settings of a trial. */
export function applySettings(
  declaration: Declaration,
  knobs: readonly Knob[],
  settings: Trial['settings'],
): Declaration {
  return knobs.reduce((changed, knob) => {
    const value = settings[knobName(knob)];
    return value === undefined ? changed : knob.apply(changed, value);
  }, declaration);
}

function settingsOf(
  declaration: Declaration,
  rows: number,
  { knobs, seed, number }: Pick<SearchOptions, 'knobs' | 'seed'> & { readonly number: number },
): Trial['settings'] {
  const drawn = knobs.map((knob): [string, KnobValue] => {
    const name = knobName(knob);
    const declared = knob.declared(declaration, rows);
    return [
      name,
      number === 1 ? declared : knob.draw(randomStream(seed, `tune/${name}`).uniform(number), declared, rows),
    ];
  });
  return Object.fromEntries(drawn);
}
