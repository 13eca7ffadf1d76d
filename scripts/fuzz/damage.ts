/** Damage to the bytes of a file, as disks, networks and people do it. */
import type { Random } from './random.ts';

/** Bytes that have been damaged. */
export interface Damaged {
  readonly bytes: Buffer;
  /** What was done to them. */
  readonly done: string;
  /** Position of the first byte that differs. */
  readonly from: number;
  /** Position after the last byte that differs; the length of the file where the bytes behind have moved. */
  readonly to: number;
}

type Way = (bytes: Buffer, at: number, random: Random) => Damaged;

const LONGEST_BLOCK = 64;

/** Texts that mean something in the formats that are read. */
const TEXTS = [
  '"',
  "'",
  '\\',
  '\n',
  '\r\n',
  '\0',
  ',',
  ';',
  '|',
  '{',
  '}',
  '[',
  ']',
  ': ',
  '- ',
  '&a ',
  '*a',
  '#',
  '%',
];
const VALUES = ['-1', '1e999', 'NaN', 'null', '99999999999999999999', '../..', '__proto__', '\ufeff', 'PAR1', '\u202e'];

const WAYS: Readonly<Record<string, Way>> = {
  bit: (bytes, at, random) => {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
    return { bytes: changed, done: `bit of byte ${at}`, from: at, to: at + 1 };
  },
  byte: (bytes, at, random) => {
    const changed = Buffer.from(bytes);
    changed[at] = random.below(256);
    return { bytes: changed, done: `byte ${at} is ${changed[at]}`, from: at, to: at + 1 };
  },
  zeros: (bytes, at, random) => {
    const to = Math.min(bytes.length, at + random.between(1, LONGEST_BLOCK));
    const changed = Buffer.from(bytes).fill(0, at, to);
    return { bytes: changed, done: `zeros from ${at} to ${to}`, from: at, to };
  },
  cut: (bytes, at) => ({ bytes: bytes.subarray(0, at), done: `cut at ${at}`, from: at, to: bytes.length }),
  remove: (bytes, at, random) => {
    const to = Math.min(bytes.length, at + random.between(1, LONGEST_BLOCK));
    return { ...replaced(bytes, at, to, Buffer.alloc(0)), done: `bytes ${at} to ${to} removed` };
  },
  insert: (bytes, at, random) => {
    const text = random.pick(random.chance(0.5) ? TEXTS : VALUES);
    return { ...replaced(bytes, at, at, Buffer.from(text)), done: `${JSON.stringify(text)} inserted at ${at}` };
  },
  repeat: (bytes, at, random) => {
    const to = Math.min(bytes.length, at + random.between(1, 4 * LONGEST_BLOCK));
    return { ...replaced(bytes, at, at, bytes.subarray(at, to)), done: `bytes ${at} to ${to} repeated` };
  },
};

/** Damages bytes in one random way at a random place from `from` on. */
export function damage(bytes: Buffer, random: Random, { from = 0, to = bytes.length } = {}): Damaged {
  const way = WAYS[random.pick(Object.keys(WAYS))] as Way;
  return way(bytes, from + random.below(Math.max(1, to - from)), random);
}

function replaced(bytes: Buffer, from: number, to: number, by: Buffer): Omit<Damaged, 'done'> {
  return { bytes: Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)]), from, to: bytes.length };
}
