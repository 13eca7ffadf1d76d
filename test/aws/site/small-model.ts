/** A model that trains in seconds: a few features, a few thousand rows. */

export const DECLARATION = `name: small
stages:
  click: { label: clicked }
  conversion: { label: bought }
log: { keys: [row] }
split: { hash: row, seed: 1, validation: 0.1, test: 0.2 }
scoring: { max_rejected: 0.1 }
features:
  user_id: { type: category, entity: user, hash: 500 }
  item_id: { type: category, entity: item }
  price: { type: number, entity: item, log1p: true }
`;

/** An impression log with its header. Clicks and purchases follow the item and the row's number, without chance. */
export function logCsv(rows: number): string {
  const lines = Array.from({ length: rows }, (_, row) => {
    const clicked = (row * 7 + itemOf(row)) % 10 < 3;
    const bought = clicked && row % 3 === 0;
    return `${candidateLine(row)},${Number(clicked)},${Number(bought)}`;
  });
  return `row,user_id,item_id,price,clicked,bought\n${lines.join('\n')}\n`;
}

/** Candidates with their header; the last one's price is no number. */
export function candidatesCsv(rows: number): string {
  const lines = Array.from({ length: rows - 1 }, (_, row) => candidateLine(row));
  return `row,user_id,item_id,price\n${lines.join('\n')}\n${rows - 1},1,item1,cheap\n`;
}

function candidateLine(row: number): string {
  return `${row},${(row * 31) % 400},item${itemOf(row)},${((row * 13) % 500) / 10}`;
}

function itemOf(row: number): number {
  return (row * 17) % 50;
}
