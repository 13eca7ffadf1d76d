const [USERS, PER_USER] = [200, 10];
const ROWS = USERS * PER_USER;
const SEED = 20180412;
const DRAWS_PER_ROW = 6;

/** Returns the rows of intervals.py and truth.py, bit for bit, with the scores of both models. */
export function sampleRows() {
  const [click, conversion, group] = [new Int8Array(ROWS), new Int8Array(ROWS), new Float64Array(ROWS)];
  const scores = () => ({ pctr: new Float32Array(ROWS), pcvr: new Float32Array(ROWS), pctcvr: new Float32Array(ROWS) });
  const [own, other] = [scores(), scores()];
  const truth = new Float64Array(ROWS);
  for (let row = 0; row < ROWS; row++) {
    const u = (column: number) => draw(row * DRAWS_PER_ROW + column + 1);
    const user = Math.floor(row / PER_USER);
    const taste = draw(user * PER_USER * DRAWS_PER_ROW + 1);
    click[row] = Number(u(1) < 0.1 + 0.4 * taste * u(2));
    conversion[row] = Number(click[row] === 1 && u(3) < 0.2 + 0.6 * u(4));
    own.pctr[row] = 0.05 + 0.4 * taste * (0.6 * u(2) + 0.4 * u(5));
    other.pctr[row] = 0.05 + 0.4 * (0.5 * taste + 0.5 * u(5)) * u(2);
    own.pcvr[row] = 0.2 + 0.5 * (0.5 * u(4) + 0.5 * u(5));
    other.pcvr[row] = 0.2 + 0.5 * (0.3 * u(4) + 0.7 * u(5));
    for (const model of [own, other]) model.pctcvr[row] = (model.pctr[row] ?? 0) * (model.pcvr[row] ?? 0);
    truth[row] = 0.2 + 0.6 * u(4);
    group[row] = user;
  }
  return { labels: { click, conversion }, group, own, other, truth };
}

/** Returns a uniform number in [0, 1): mulberry32's output at a counter. */
function draw(counter: number): number {
  const state = (SEED + Math.imul(counter, 0x6d2b79f5)) | 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
