/**
 * Makes the log `coat.csv` beside this file from a folder with the published files:
 * `npx tsx examples/coat/make.ts coat/`
 *
 * A row is a cell of the matrix of users and items. Rows to train on are all 290 x 300 cells: the click is that the
 * user chose the item to rate it, the conversion that the rating is at least 4. Rows to test on are the ratings of items
 * that were drawn at random for each user: the click was done by chance, so that whether it converts is what
 * pCVR says of all cells, chosen or not.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Ratings from which on an item counts as bought. */
const LIKED = 4;
/** One cell in so many is a validation row. */
const VALIDATION = 10;

/** The log as CSV. */
export function coatLog(folder: string): string {
  const users = features(folder, 'user');
  const items = features(folder, 'item');
  const chosen = ratings(join(folder, 'user.txt'));
  const drawn = ratings(join(folder, 'random.txt'));
  const cells = users.rows.flatMap((_, user) => items.rows.map((_, item) => `${user},${item}`));
  const header = ['part', 'user', 'item', ...users.names, ...items.names, 'click', 'conversion'].join(',');
  const line = (part: string, cell: string, rating: number | undefined) => {
    const [user = -1, item = -1] = cell.split(',').map(Number);
    if (users.rows[user] === undefined || items.rows[item] === undefined)
      throw new RangeError(`user or item without features: ${cell} (in ${folder})`);
    const labels = rating === undefined ? '0,0' : `1,${Number(rating >= LIKED)}`;
    return [part, cell, users.rows[user], items.rows[item], labels].join(',');
  };
  const observed = cells.map((cell) => line(isValidation(cell) ? 'validation' : 'train', cell, chosen.get(cell)));
  return [header, ...observed, ...[...drawn].map(([cell, rating]) => line('test', cell, rating)), ''].join('\n');
}

/** Ratings by cell: `user,item`. */
function ratings(path: string): ReadonlyMap<string, number> {
  return new Map(
    lines(path).map((line) => {
      const [user, item, rating] = line.split(',');
      return [`${user},${item}`, Number(rating)];
    }),
  );
}

/** The published 0s and 1s as one text for each kind of feature: the names of the kinds, and a row for each id. */
function features(folder: string, of: 'user' | 'item'): { names: readonly string[]; rows: readonly string[] } {
  const columns = lines(join(folder, `${of}_features_map.txt`)).map((line) => line.split(':'));
  const kinds = [...new Set(columns.map(([kind]) => kind as string))];
  const rows = lines(join(folder, `${of}_features.ascii`)).map((line) => {
    const set = line.trim().split(/\s+/);
    const values = kinds.map((kind) => columns.filter(([name], at) => name === kind && set[at] === '1'));
    return values.map((found) => found.map(([, value]) => value).join(' and ')).join(',');
  });
  return { names: kinds.map((kind) => `${of}_${kind}`), rows };
}

function lines(path: string): string[] {
  return readFileSync(path, 'utf8').trimEnd().split('\n');
}

/** The same cells on every machine: by a hash of the cell's name (FNV-1a, 32 bits). */
function isValidation(cell: string): boolean {
  let hash = 0x811c9dc5;
  for (const character of cell) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return (hash ^ (hash >>> 16)) % VALIDATION === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, output = fileURLToPath(new URL('coat.csv', import.meta.url))] = process.argv.slice(2);
  if (folder === undefined) throw new TypeError('folder of the data missing, expected make.ts <folder> [<log.csv>]');
  writeFileSync(output, coatLog(folder));
}
