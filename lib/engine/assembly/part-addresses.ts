/**
 * Finds the parts of rows, in AssemblyScript. All pointers are byte offsets into the imported memory; nothing is
 * allocated here.
 */

/**
 * Writes the address of the part of each of `n` rows. `numbers` has the number of each row's entity, whose part is in
 * block number >> `blockBits` of those that `blocks` has the addresses of, `rowBytes` after the one before.
 */
export function partAddresses(numbers: usize, n: i32, blocks: usize, blockBits: i32, rowBytes: i32, out: usize): void {
  const within = (1 << blockBits) - 1;
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 4) {
    const number = load<i32>(numbers + i);
    store<i32>(out + i, load<i32>(blocks + (<usize>(number >> blockBits) << 2)) + (number & within) * rowBytes);
  }
}
