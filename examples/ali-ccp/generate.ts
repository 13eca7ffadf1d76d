/**
 * Writes a dump of chance in the format of Ali-CCP, to try the conversion and to measure it:
 * `npx tsx examples/ali-ccp/generate.ts <folder> [rows of the training part] [rows of the test part]`
 *
 * Sizes are those of the published files: 58 rows in a row share their common features, of which there are 518; a row
 * has 13 features of its own, 3.9% of the rows a click and 0.54% of these a purchase. Everything but the sizes, and that
 * some items are clicked more often than others, is chance.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROWS_OF_ONE_INDEX = 58;
const BAG_VALUES = { '109_14': 90, '110_14': 150, '127_14': 120, '150_14': 149 };
const USER_IDS = { '121': 98, '122': 14, '124': 3, '125': 8, '126': 4, '127': 4, '128': 3, '129': 5 };
const ITEM_IDS = { '205': 4_300_000, '206': 7_000, '207': 260_000, '216': 106_000, '301': 4 };
const CROSS_IDS = { '508': 5_900, '509': 105_000, '702': 52_000, '853': 37_000 };
const INTENTIONS = 5;
/** Shares of the rows that are clicked, and of the clicks with a purchase. */
const RATES = { clicks: 0.039, purchases: 0.0054 };

/** Text is written in pieces of this many characters. */
const PIECE = 2 ** 20;

/** A file that is written in pieces. */
class TextFile {
  readonly #file: number;
  #text: string[] = [];
  #characters = 0;

  constructor(path: string) {
    this.#file = openSync(path, 'w');
  }

  write(text: string): void {
    this.#text.push(text);
    this.#characters += text.length;
    if (this.#characters >= PIECE) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    writeSync(this.#file, this.#text.join(''));
    this.#text = [];
    this.#characters = 0;
  }
}

/** Writes the four files of a dump; the same rows for the same numbers. */
export function generateDump(folder: string, rows: number, testRows: number, rates = RATES): void {
  mkdirSync(folder, { recursive: true });
  state = 1;
  writePart(folder, 'train', rows, { firstRow: 0, ...rates });
  writePart(folder, 'test', testRows, { firstRow: rows, ...rates });
}

function writePart(
  folder: string,
  part: string,
  rows: number,
  { firstRow, clicks, purchases }: typeof RATES & { readonly firstRow: number },
): void {
  const common = new TextFile(join(folder, `common_features_${part}.csv`));
  const skeleton = new TextFile(join(folder, `sample_skeleton_${part}.csv`));
  let index = '';
  for (let row = firstRow; row < firstRow + rows; row += 1) {
    if ((row - firstRow) % ROWS_OF_ONE_INDEX === 0) {
      index = row.toString(16).padStart(16, '0');
      common.write(`${index},${listed(commonFeatures(row))}\n`);
    }
    const item = Math.floor(random() ** 3 * ITEM_IDS['205']);
    const click = random() < clicks * (item % 10 === 0 ? 5.5 : 0.5) ? 1 : 0;
    const purchase = click === 1 && random() < purchases ? 1 : 0;
    skeleton.write(`${row + 1},${click},${purchase},${index},${listed(ownFeatures(item))}\n`);
  }
  common.close();
  skeleton.close();
}

function commonFeatures(row: number): string[] {
  const user = feature('101', Math.floor(row / (3 * ROWS_OF_ONE_INDEX)), '1.0');
  const profile = Object.entries(USER_IDS).map(([field, ids]) => feature(field, below(ids), '1.0'));
  const bags = Object.entries(BAG_VALUES).flatMap(([field, length]) =>
    Array.from({ length: 2 * below(length) }, () => feature(field, 1e6 + below(1e5), value())),
  );
  return [user, ...profile, ...bags];
}

function ownFeatures(item: number): string[] {
  const own = Object.entries(ITEM_IDS).map(([field, ids]) =>
    feature(field, field === '205' ? item : below(ids), '1.0'),
  );
  const crosses = Object.entries(CROSS_IDS)
    .filter(() => random() < 0.6)
    .map(([field, ids]) => feature(field, below(ids), value()));
  const intentions = Array.from({ length: 1 + below(2 * INTENTIONS) }, () => feature('210', 9e6 + below(1e5), '1.0'));
  return [...own, ...crosses, ...intentions];
}

function feature(field: string, id: number, weight: string): string {
  return `${field}\x02${id}\x03${weight}`;
}

function listed(features: readonly string[]): string {
  return `${features.length},${features.join('\x01')}`;
}

function value(): string {
  return (Math.log(2) * (1 + below(6))).toFixed(5);
}

function below(most: number): number {
  return Math.floor(random() * most);
}

let state = 1;

/** The next number of mulberry32, from 0 to below 1. */
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, rows = '10000', testRows = '2000'] = process.argv.slice(2);
  if (folder === undefined) throw new TypeError('folder missing, expected generate.ts <folder> [rows] [test rows]');
  generateDump(folder, Number(rows), Number(testRows));
}
