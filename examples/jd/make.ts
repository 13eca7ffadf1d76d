/**
 * Makes the log `jd.csv` beside this file from a folder with `trn_pv`, `trn_fav` and `trn_buy`:
 * `npx tsx examples/jd/make.ts jd/`
 *
 * A line of the files is a pair of user and item: page views, favourites and purchases. What was shown and not viewed is
 * not known. In its place, each view comes with two items that its user did not view, drawn by chance: as often as all
 * users view them, so that how well known an item is does not tell by itself what was viewed.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Rows without a view for each row with one. */
const UNVIEWED = 2;
/** Draws in which an item that the user did not view should be found. */
const MOST_DRAWS = 1000;

/** The log as CSV; the same rows for the same files. */
export function jdLog(folder: string): string {
  const views = pairs(join(folder, 'trn_pv'));
  const taken = new Set(views.map(keyOf));
  const favourites = new Set(pairs(join(folder, 'trn_fav')).map(keyOf));
  const purchases = new Set(pairs(join(folder, 'trn_buy')).map(keyOf));
  const random = numbersFrom(1);
  const unviewed = (user: string): string => {
    for (let draw = 0; draw < MOST_DRAWS; draw += 1) {
      // The item of a view by chance is drawn as often as it is viewed.
      const [, item] = views[Math.floor(random() * views.length)] as Pair;
      const key = keyOf([user, item]);
      if (taken.has(key)) continue;
      taken.add(key);
      return `${key},0,0,0`;
    }
    throw new RangeError(`user ${user} has viewed too many of the items to draw others (in ${folder})`);
  };
  const rows = views.flatMap((pair) => {
    const key = keyOf(pair);
    const others = Array.from({ length: UNVIEWED }, () => unviewed(pair[0]));
    return [`${key},1,${Number(favourites.has(key))},${Number(purchases.has(key))}`, ...others];
  });
  return ['user,item,view,favourite,purchase', ...rows, ''].join('\n');
}

type Pair = readonly [user: string, item: string];

function pairs(path: string): Pair[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [user = '', item = ''] = line.trim().split(/\s+/);
    if (user === '' || item === '') throw new RangeError(`got ${line}, expected a user and an item (in ${path})`);
    return [user, item];
  });
}

function keyOf([user, item]: Pair): string {
  return `${user},${item}`;
}

/** Numbers from 0 to below 1, the same for the same seed: mulberry32. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, output = fileURLToPath(new URL('jd.csv', import.meta.url))] = process.argv.slice(2);
  if (folder === undefined) throw new TypeError('folder of the data missing, expected make.ts <folder> [<log.csv>]');
  writeFileSync(output, jdLog(folder));
}
