import type { FunnelRows } from '../../../lib/evaluation/funnel.ts';

const ROWS = 400_000;
const SEED = 20180412;
const DRAWS_PER_ROW = 8;

/** Returns the rows of make.py, bit for bit: an impression log of 400,000 rows with about 2 conversions in 10,000. */
export function sampleFunnel(): FunnelRows & { readonly sharedPctr: Float32Array; readonly weight: Float32Array } {
  const [click, conversion] = [new Int8Array(ROWS), new Int8Array(ROWS)];
  const [pctr, pcvr, pctcvr] = [new Float32Array(ROWS), new Float32Array(ROWS), new Float32Array(ROWS)];
  const [sharedPctr, weight, group] = [new Float32Array(ROWS), new Float32Array(ROWS), new Float64Array(ROWS)];
  for (let row = 0; row < ROWS; row++) {
    const u = (column: number) => draw(row * DRAWS_PER_ROW + column + 1);
    const clicked = u(2) < 0.12 * u(0) * u(0);
    const converted = clicked && u(3) < 0.015 * u(1) * u(1);
    click[row] = clicked ? 1 : 0;
    conversion[row] = u(7) < 0.03 ? -1 : converted ? 1 : 0;
    pctr[row] = 0.002 + 0.13 * u(0) * (0.7 * u(0) + 0.3 * u(4));
    pcvr[row] = Math.floor((0.0005 + 0.02 * u(1) * (0.6 * u(1) + 0.4 * u(4))) * 4096) / 4096 + 1 / 8192;
    pctcvr[row] = (pctr[row] ?? 0) * (pcvr[row] ?? 0);
    sharedPctr[row] = 0.001 + 0.12 * u(0) * (0.9 * u(0) + 0.1 * u(5));
    weight[row] = clicked ? 1 : 1 + 9 * u(5);
    group[row] = Math.floor(u(6) * 3000) * 3002399751577;
  }
  return { probabilities: { pctr, pcvr, pctcvr }, labels: { click, conversion }, sharedPctr, weight, group };
}

/** Returns a uniform number in [0, 1): mulberry32's output at a counter. */
function draw(counter: number): number {
  const state = (SEED + Math.imul(counter, 0x6d2b79f5)) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
