/** Files of a small dump in the format of Ali-CCP. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A feature: field, id and value. */
export type Feature = readonly [field: string, id: number, value: number | string];

/** A line of features with their count, as the dump has it. */
export function listed(features: readonly Feature[], count = features.length): string {
  return `${count},${features.map(([field, id, value]) => `${field}\x02${id}\x03${value}`).join('\x01')}`;
}

export const USER: readonly Feature[] = [
  ['101', 31319, '1.0'],
  ['121', 97, '1.0'],
  ['109_14', 11, '0.75'],
  ['109_14', 12, '2.5'],
  ['109_14', 13, '0.75'],
];

export const ITEM: readonly Feature[] = [
  ['205', 4_199_999, '1.0'],
  ['210', 91, '1.0'],
  ['210', 92, '1.0'],
  ['508', 7, '1.38629'],
];

/** Writes the files of a part: lines by file, with a line end after each but where `end` is another. */
export async function writeDump(
  folder: string,
  { common, skeleton, part = 'train', end = '\n' }: DumpLines,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `common_features_${part}.csv`), common.map((line) => `${line}\n`).join(''));
  await writeFile(join(folder, `sample_skeleton_${part}.csv`), skeleton.join('\n') + end);
}

export interface DumpLines {
  readonly common: readonly string[];
  readonly skeleton: readonly string[];
  readonly part?: 'train' | 'test';
  readonly end?: string;
}

export const COMMON = [`bacff91692951881,${listed(USER)}`, `00ff,${listed([['101', 5, '1.0']])}`];
export const SKELETON = [
  `1,0,0,bacff91692951881,${listed(ITEM)}`,
  `2,1,0,bacff91692951881,${listed(ITEM.slice(0, 1))}`,
  `3,1,1,00ff,${listed([])}`,
];
