/** A shop's log in a bucket, by days, and the declarations that train on it. */
import type { Store } from '../../lib/store/store.ts';
import { type SyntheticLog, syntheticLog } from './synthetic-log.ts';

export const DECLARATION_KEY = 'training/shop/entirespace.yaml';

export interface ShopDeclaration {
  /** Without the item's own embedding the model is weak. */
  readonly features?: 'both' | 'age';
  readonly batchSize?: number;
  readonly epochs?: number;
  /** More members of `training`. */
  readonly training?: string;
}

/** Rows are shuffled one by one, because those of a user have nothing in common, and the weak model is hardly better than none. */
export function shopDeclaration({
  features = 'both',
  batchSize = 256,
  epochs = 3,
  training = '',
}: ShopDeclaration = {}): string {
  return `name: shop
stages: { click: { label: clicked }, conversion: { label: bought } }
log: { keys: [row], time: time, group: user }
split: { time: true, validation: 0.1, test: 0.2 }
features:
  age: { type: number, entity: user }
${features === 'both' ? '  item: { type: category, entity: item, dimension: 4 }\n' : ''}model: { hidden_units: [8] }
training: { shuffle: rows, batch_size: ${batchSize}, epochs: ${epochs}, learning_rate: 0.02${training && `, ${training}`} }
gate: { min_conversions: 100 }
`;
}

/** Writes the log as one CSV a day, `data/dt=YYYY-MM-DD/part.csv`, and returns the days. */
export async function putPartitions(store: Store, log: SyntheticLog): Promise<string[]> {
  const [header = '', ...rows] = syntheticLog(log).trimEnd().split('\n');
  const days = new Map<string, string[]>();
  for (const row of rows) {
    const day = row.split(',')[1]?.slice(0, 10) ?? '';
    const lines = days.get(day) ?? [];
    lines.push(row);
    days.set(day, lines);
  }
  for (const [day, lines] of days) await store.put(`data/dt=${day}/part.csv`, `${[header, ...lines].join('\n')}\n`);
  return [...days.keys()];
}
