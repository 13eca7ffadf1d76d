/** The settings that are tried for each model: those of its type or, of a type without any, learning rate and L2. */

import { settingsOfType } from '../config/check/check-model-type.ts';
import type { Declaration, TypeSettings } from '../config/declaration.ts';
import { permutation, randomStream } from '../numbers/random.ts';
import { KNOBS, knobName } from '../tune/knobs.ts';
import type { Settings, SettingValue } from './runs/run.ts';

/** Values of the settings that some types have; the first is the default of the type's file. */
const VALUES: Readonly<Record<keyof TypeSettings, readonly [SettingValue, ...SettingValue[]]>> = {
  rate: [0.2, 0.1, 0.5, 1],
  factor: [5, 2, 3, 10],
  correction: ['rejection', 'weights'],
  quantile: [0.1, 0.02, 0.3],
  debiasWeight: [0.1, 0.01, 1],
  propensityFloor: [0.01, 0.001, 0.05],
  priorWeight: [0.001, 0.0001, 0.01],
  orderWeight: [0.6, 0.2, 1],
  buckets: [6, 4, 8],
};

/** Settings of every model, which are tried where its type has none of its own. */
const GENERAL = ['training.learning_rate', 'training.l2_embeddings'];

/**
 * Returns the settings of so many trials; the first has the declared ones. Those of every other depend on the declared
 * seed, on the model's type and on the trial's number alone.
 */
export function trialSettings(declaration: Declaration, trials: number, trainingRows: number): readonly Settings[] {
  const own = declaration.model.file === null ? settingsOfType(declaration.model.type) : [];
  return Array.from({ length: trials }, (_, index): Settings => {
    if (index === 0) return {};
    return own.length > 0 ? ownSettings(declaration, own, index) : generalSettings(declaration, trainingRows, index);
  });
}

function ownSettings(
  { model, training: { seed } }: Declaration,
  own: ReturnType<typeof settingsOfType>,
  index: number,
): Settings {
  const varied = own.map(({ setting, key }) => {
    const values = VALUES[setting];
    return { place: `model.${key}`, values, declared: model[setting] ?? values[0] };
  });
  return variedSettings(varied, { seed, of: model.type, index });
}

/** A setting, the values that are tried of it, and the one of the first trial. */
export interface VariedSetting {
  /** Its section and key, such as `model.rate`. */
  readonly place: string;
  readonly values: readonly SettingValue[];
  /** As it is declared, which need not be a value that is tried. */
  readonly declared: SettingValue | readonly string[];
}

/** Returns the settings of so many trials of what has these settings alone; the first has the declared ones. */
export function variedTrials(
  settings: readonly VariedSetting[],
  trials: number,
  of: { readonly seed: number; readonly of: string },
): readonly Settings[] {
  return Array.from({ length: trials }, (_, index) => (index === 0 ? {} : variedSettings(settings, { ...of, index })));
}

/**
 * Returns the settings of a trial after the first, which depend on the seed and on what they are `of`. The first
 * setting takes each of its other values before it takes one again.
 */
function variedSettings(
  settings: readonly VariedSetting[],
  { seed, of, index }: { readonly seed: number; readonly of: string; readonly index: number },
): Settings {
  return Object.fromEntries(
    settings.map(({ place, values, declared }, position) => {
      const others = values.filter((value) => position > 0 || value !== declared);
      const key = place.split('.').at(-1);
      const order = permutation(others.length, randomStream(seed, `compare/${of}/${key}`));
      return [place, others[order[(index - 1) % others.length] as number] as SettingValue];
    }),
  );
}

function generalSettings(declaration: Declaration, rows: number, index: number): Settings {
  return Object.fromEntries(
    KNOBS.filter((knob) => GENERAL.includes(knobName(knob))).map((knob) => {
      const uniform = randomStream(declaration.training.seed, `compare/${knobName(knob)}`).uniform(index);
      return [knobName(knob), knob.draw(uniform, knob.declared(declaration, rows), rows)];
    }),
  );
}
