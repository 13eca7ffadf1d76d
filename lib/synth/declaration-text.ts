import type { SynthOptions } from './options.ts';

/** Returns the text of a declaration that trains on a synthetic log. */
export function declarationText({ delay }: Pick<SynthOptions, 'delay'>): string {
  const late =
    delay === null ? '' : '  # conversion: { label: conversion, within: 3d } waits for conversions that come late\n';
  const later = delay === null ? [] : ['clicked_at', 'converted_at', 'eventual_conversion'];
  return `name: synth
stages:
  click: { label: click }
  conversion: { label: conversion }
${late}log:
  keys: [row]
  time: shown_at
  group: user_id
  outcomes: [${[...later, 'true_pctr'].join(', ')}]
  truth: { pcvr: true_pcvr, pcvr_do: true_pcvr_do }
features:
  user_id: { type: category, entity: user }
  segment: { type: category, entity: user }
  age: { type: number, entity: user, quantiles: 10 }
  item_id: { type: category, entity: item }
  category: { type: category, entity: item }
  brand: { type: category, entity: item }
  price: { type: number, entity: item, log1p: true }
  tags: { type: bag, entity: item }
  hour: { type: category, entity: context }
  place: { type: category, entity: context }
`;
}
