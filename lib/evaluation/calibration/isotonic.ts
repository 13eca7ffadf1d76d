/** Isotonic regression of a label on a logit, by pooling adjacent violators. */
import type { Calibrator } from '../../model/calibrators.ts';

/** The rows to fit on. */
export interface IsotonicRows {
  readonly logit: Float64Array;
  /** Labels, 1 or 0. */
  readonly label: Int8Array;
  readonly weight: Float32Array | null;
}

/** Rows that get the same rate: their weight, and the weighted sums of their logits and labels. */
interface Block {
  readonly weight: number;
  readonly logit: number;
  readonly positive: number;
}

/**
 * Fits the non-decreasing rates of least squared error. Rows of equal rate form a block, and each block is a knot of a
 * strictly increasing map: its mean logit is mapped to the logit of its rate, which is kept within
 * [1/(2n), 1 - 1/(2n)] for n rows.
 */
export function fitIsotonic({ logit, label, weight }: IsotonicRows): Extract<Calibrator, { kind: 'isotonic' }> {
  const order = Uint32Array.from(logit, (_, row) => row).sort((a, b) => (logit[a] as number) - (logit[b] as number));
  const blocks: Block[] = [];
  for (let from = 0; from < order.length; ) {
    let [blockWeight, positive] = [0, 0];
    const value = logit[order[from] as number] as number;
    // Rows of equal logits start in one block, so that the result does not depend on their order.
    for (; from < order.length && logit[order[from] as number] === value; from++) {
      const row = order[from] as number;
      const w = weight === null ? 1 : (weight[row] as number);
      blockWeight += w;
      positive += w * (label[row] as number);
    }
    push(blocks, { weight: blockWeight, logit: blockWeight * value, positive });
  }
  const bound = 1 / (2 * order.length);
  const rates = blocks.map(({ positive, weight }) => Math.min(Math.max(positive / weight, bound), 1 - bound));
  // The bound can make neighbouring rates equal, of which only the first is kept.
  const kept = blocks.map((_, i) => i).filter((i) => i === 0 || (rates[i] as number) > (rates[i - 1] as number));
  return {
    kind: 'isotonic',
    logits: kept.map((i) => (blocks[i] as Block).logit / (blocks[i] as Block).weight),
    calibrated: kept.map((i) => Math.log(rates[i] as number) - Math.log1p(-(rates[i] as number))),
  };
}

/** Appends a block, after merging it with the blocks before it whose rate is not lower. */
function push(blocks: Block[], added: Block): void {
  let block = added;
  for (;;) {
    const last = blocks.at(-1);
    if (last === undefined || last.positive * block.weight < block.positive * last.weight) break;
    blocks.pop();
    block = {
      weight: last.weight + block.weight,
      logit: last.logit + block.logit,
      positive: last.positive + block.positive,
    };
  }
  blocks.push(block);
}
