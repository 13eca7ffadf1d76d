/**
 * Copies rows of embedding tables, in AssemblyScript with SIMD, from memory that threads share. All pointers are byte
 * offsets into the imported memory; nothing is allocated here.
 */

const WORD: usize = 4;
const LINE: usize = 64;
/** Rows that are requested from memory before the first of them is copied. */
const REQUESTED: usize = 128;
/** Keeps the requests from being removed as without effect. */
let requested: i32 = 0;

/**
 * Copies the rows of a table that `n` ids name to rows that are `outStride` floats apart. Returns -1, or the position of
 * the first id that is not below `tableRows`.
 *
 * A processor waits for few rows at once if it has to copy each before it sees the next id. Reading a word of every
 * cache line of many rows first lets it wait for all of them together.
 */
export function gatherRows(
  table: usize, tableRows: u32, dimension: i32,
  ids: usize, n: i32, out: usize, outStride: i32,
): i32 {
  const bytes = <usize>dimension * WORD, stride = <usize>outStride * WORD;
  const end = ids + <usize>n * WORD;
  for (let at = ids; at < end; at += WORD) if (load<u32>(at) >= tableRows) return <i32>((at - ids) / WORD);
  while (ids < end) {
    const to = min(end, ids + REQUESTED * WORD);
    requested = request(table, bytes, ids, to);
    for (; ids < to; ids += WORD) {
      copy(out, rowAt(table, bytes, ids), bytes);
      out += stride;
    }
  }
  return -1;
}

@inline
function rowAt(table: usize, bytes: usize, id: usize): usize {
  return table + <usize>load<u32>(id) * bytes;
}

/** Reads a word of every cache line of the rows, four rows at a time. */
@inline
function request(table: usize, bytes: usize, from: usize, to: usize): i32 {
  let words: i32 = 0;
  for (let line: usize = 0; line < bytes + LINE; line += LINE) {
    const k = min(line, bytes - WORD);
    let at = from;
    for (; at + 3 * WORD < to; at += 4 * WORD)
      words |=
        load<i32>(rowAt(table, bytes, at) + k) | load<i32>(rowAt(table, bytes, at + WORD) + k) |
        load<i32>(rowAt(table, bytes, at + 2 * WORD) + k) | load<i32>(rowAt(table, bytes, at + 3 * WORD) + k);
    for (; at < to; at += WORD) words |= load<i32>(rowAt(table, bytes, at) + k);
    if (k < line) break;
  }
  return words;
}

/** Copies whole vectors, the last of which may overlap that before it. */
@inline
function copy(target: usize, source: usize, bytes: usize): void {
  let k: usize = 0;
  for (; k + 64 <= bytes; k += 64) {
    const first = v128.load(source + k), second = v128.load(source + k, 16);
    const third = v128.load(source + k, 32), fourth = v128.load(source + k, 48);
    v128.store(target + k, first);
    v128.store(target + k, second, 16);
    v128.store(target + k, third, 32);
    v128.store(target + k, fourth, 48);
  }
  if (bytes < 16) {
    for (; k < bytes; k += WORD) store<i32>(target + k, load<i32>(source + k));
    return;
  }
  const last = bytes - 16;
  for (; k < last; k += 16) v128.store(target + k, v128.load(source + k));
  v128.store(target + last, v128.load(source + last));
}
