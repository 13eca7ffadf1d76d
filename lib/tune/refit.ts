/**
 * The declaration of a refit: the settings of the best trial, trained on the training and validation rows together, for
 * as many epochs as were best.
 */
import type { Declaration } from '../config/declaration.ts';
import { type Edit, editDeclaration } from '../config/edit-declaration.ts';
import type { Trial } from './trial.ts';

/** Returns the text of a declaration with the settings of a trial. */
export function withSettings(text: string, settings: Trial['settings']): string {
  return editDeclaration(text, settingEdits(settings));
}

/**
 * Returns the text of the declaration of a refit. The test rows stay the same: a row's place among them depends on
 * neither of the other parts.
 */
export function refitDeclaration(text: string, { split }: Declaration, { settings }: Pick<Trial, 'settings'>): string {
  const edits: Edit[] = [...settingEdits(settings), [['training', 'patience'], null], [['training', 'stop_by'], 'sum']];
  return editDeclaration(text, [...edits, ...splitEdits(split)]);
}

/** Returns the number of epochs that were best for each network of a trial. */
export function epochsOfTrial({ networks }: Pick<Trial, 'networks'>): (network: string | null) => number | undefined {
  return (name) => networks.find((network) => network.name === name)?.bestEpoch;
}

/** Returns the settings of a trial as a part of a declaration, to paste. */
export function fragment(settings: Trial['settings']): string {
  const sections = [...new Set(Object.keys(settings).map((name) => name.split('.')[0] as string))];
  return sections
    .map((section) => {
      const own = Object.entries(settings).filter(([name]) => name.startsWith(`${section}.`));
      const lines = own.map(([name, value]) => `  ${keyOf(name)}: ${JSON.stringify(value).replaceAll(',', ', ')}`);
      return [`${section}:`, ...lines].join('\n');
    })
    .join('\n');
}

/** Returns the key of a setting in its section. */
export function keyOf(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}

function settingEdits(settings: Trial['settings']): Edit[] {
  return Object.entries(settings).map(([name, value]): Edit => [[name.split('.')[0] as string, keyOf(name)], value]);
}

function splitEdits(split: Declaration['split']): Edit[] {
  if (split.by === 'column')
    return [
      [
        ['split', 'train'],
        [...split.train, ...split.validation],
      ],
      [['split', 'validation'], undefined],
    ];
  if (split.isDefault !== true) return [[['split', 'validation'], 0]];
  if (split.by === 'time') return [[['split'], { time: true, validation: 0, test: shareOf(split.test) }]];
  return [[['split'], { hash: split.columns, seed: split.seed, validation: 0, test: split.test }]];
}

function shareOf(bound: { readonly share: number } | { readonly from: number }): number {
  if ('share' in bound) return bound.share;
  throw new Error('the default split is by shares, got an instant');
}
