/** A log that is small enough to train on in a second, and has something to learn. */

export const DECLARATION = `name: shop
stages:
  click: { label: clicked }
  conversion: { label: bought }
log: { keys: [row] }
split: { hash: row, validation: 0.1, test: 0.2 }
features:
  age: { type: number, entity: user }
  item: { type: category, entity: item, dimension: 4 }
  history: { type: bag, entity: user, delimiter: "|", dimension: 4 }
model: { hidden_units: [8] }
training: { batch_size: 512, epochs: 2 }
`;

/** CSV of so many rows, the same in every run. */
export function logText(rows: number): string {
  const random = generator(12_345);
  const lines = ['row,age,item,history,clicked,bought'];
  for (let row = 0; row < rows; row += 1) {
    const item = Math.floor(random() * 12);
    const age = 18 + Math.floor(random() * 60);
    const history = Array.from({ length: Math.floor(random() * 4) }, () => `i${Math.floor(random() * 12)}`);
    const clicked = random() < 0.1 + item / 30 ? 1 : 0;
    const bought = clicked === 1 && random() < 0.1 + age / 200 ? 1 : 0;
    lines.push([row, age, `i${item}`, history.join('|'), clicked, bought].join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** The linear congruential generator of Numerical Recipes' ANSI C example. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
}

/** SQL of a log with a value of `item` for each row alone: it tells nothing of other rows. */
export const ONCE_EACH = `
  SELECT row, 1 AS age, 'i' || row AS item, '' AS history, (hash(row || 'a') % 4 = 0)::INT AS clicked,
    (hash(row || 'a') % 4 = 0 AND hash(row || 'b') % 4 = 0)::INT AS bought
  FROM range(8000) AS rows(row)`;
