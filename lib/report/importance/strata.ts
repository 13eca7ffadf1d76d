/**
 * A case-control sample: as many rows of each outcome as there are, or as are affordable. What an AUC is uncertain by is
 * the rarer class, of which a sample of all rows alike would have next to none.
 */
import type { FunnelRows } from '../../evaluation/funnel.ts';

/** Rows that were drawn, ascending, and the number of rows that each stands for. */
export interface DrawnRows {
  readonly indices: Uint32Array;
  readonly counts: Float32Array;
}

/** Draws up to `most` of the rows at these indices, which are ascending; all of them where they are not more. */
export function drawByOutcome(labels: FunnelRows['labels'], indices: Uint32Array, most: number): DrawnRows {
  if (indices.length <= most) return { indices, counts: new Float32Array(indices.length).fill(1) };
  const { stratumOf, sizes } = strataOf(labels, indices);
  const shares = allocate(sizes, most);
  const seen = sizes.map(() => 0);
  const drawn: number[] = [];
  const counts: number[] = [];
  for (let place = 0; place < indices.length; place++) {
    const stratum = stratumOf[place] as number;
    const [size, share] = [sizes[stratum] as number, shares[stratum] as number];
    const number = seen[stratum] as number;
    seen[stratum] = number + 1;
    if (!isDrawn(number, size, share)) continue;
    drawn.push(indices[place] as number);
    counts.push(size / share);
  }
  return { indices: Uint32Array.from(drawn), counts: Float32Array.from(counts) };
}

/** Divides the rows by the rarest label that is positive; those of none are the last stratum. */
function strataOf(labels: FunnelRows['labels'], indices: Uint32Array) {
  const rarestFirst = Object.values(labels)
    .map((label) => ({ label, positives: indices.reduce((sum, row) => sum + Number(label[row] === 1), 0) }))
    .sort((a, b) => a.positives - b.positives)
    .map(({ label }) => label);
  const stratumOf = new Uint8Array(indices.length);
  const sizes = new Array<number>(rarestFirst.length + 1).fill(0);
  for (let place = 0; place < indices.length; place++) {
    const row = indices[place] as number;
    let stratum = 0;
    while (stratum < rarestFirst.length && rarestFirst[stratum]?.[row] !== 1) stratum++;
    stratumOf[place] = stratum;
    sizes[stratum] = (sizes[stratum] as number) + 1;
  }
  return { stratumOf, sizes };
}

/** Gives each stratum the same number of rows; what a small one does not need is for the others. */
function allocate(sizes: readonly number[], rows: number): number[] {
  const smallestFirst = [...sizes.keys()].sort((a, b) => (sizes[a] as number) - (sizes[b] as number));
  const shares = sizes.map(() => 0);
  let left = rows;
  for (const [place, stratum] of smallestFirst.entries()) {
    const share = Math.min(sizes[stratum] as number, Math.floor(left / (sizes.length - place)));
    shares[stratum] = share;
    left -= share;
  }
  return shares;
}

/**
 * Whether a row of a stratum is one of the `share` that are drawn of its `size` rows, evenly over the log. They are not
 * each n-th: logs repeat themselves, as with ten positions a page. So the row of each interval is one of its rows that
 * the multiples of the golden ratio choose, which have no period.
 */
function isDrawn(number: number, size: number, share: number): boolean {
  if (share === 0) return false;
  const interval = Math.floor((number * share) / size);
  const [first, next] = [Math.ceil((interval * size) / share), Math.ceil(((interval + 1) * size) / share)];
  return number === first + Math.floor(((interval * 0.6180339887498949) % 1) * (next - first));
}
