import { addScaled } from './rows';

/**
 * Adds up the gradients that the members computed of elements `from` to `to` - 1 of a parameter, in the order of the
 * members, in place of the first one's. The gradients of one member stand `stride` floats after those of another.
 */
export function sumMembers(gradients: usize, stride: i32, members: i32, from: i32, to: i32): void {
  const first = gradients + (<usize>from << 2);
  for (let member = 1; member < members; member++)
    addScaled(first, first + ((<usize>member * <usize>stride) << 2), 1, to - from);
}
