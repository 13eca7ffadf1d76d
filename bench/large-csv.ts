/** Measures the planner on CSV files near the size limits and far above them, which it must cut or refuse. */
import { gzipSync } from 'node:zlib';
import { byteText, countOf } from '../lib/numbers/text.ts';
import { random } from '../test/aws/emulator/random.ts';
import { type RepeatedObject, sizeOfRepeated } from '../test/store/repeated-object.ts';
import { describe, type LargeSite, withLargeSite } from './large-site.ts';

/** Settings of the benchmark. */
export interface LargeCsvBench {
  /** Folder of the bundled functions. */
  readonly functions: string;
  readonly scratch: string;
}

interface LargeCsv {
  readonly key: string;
  readonly object: RepeatedObject;
  readonly unzippedBytes: number;
}

/** A block of rows, as plain text or as a member of a gzip file. */
interface RowBlock {
  readonly bytes: Buffer;
  readonly unzippedBytes: number;
}

// The limits of the functions.
const GZIP_LIMIT = 4 * 2 ** 30;
const PLAIN_LIMIT = 8 * 2 ** 30;
const HEADER = 'row,user_id,item_id,price,note\n';
const BLOCK_ROWS = 65_536;
const WORDS = 256;

/** Runs the benchmark on all files, and prints a line for each figure. */
export async function benchLargeCsv(bench: LargeCsvBench): Promise<void> {
  const text = Buffer.from(randomRows().repeat(10));
  const same = Buffer.alloc(text.length, '1,1,item1,1,\n');
  const plain = { bytes: text, unzippedBytes: text.length };
  const zipped = { bytes: gzipSync(text, { level: 1 }), unzippedBytes: text.length };
  const bomb = { bytes: gzipSync(same, { level: 9 }), unzippedBytes: text.length };
  const files = [
    largeCsv('five-gb.csv.gz', zipped, 5e9 / zipped.bytes.length),
    largeCsv('bomb.csv.gz', bomb, (1.5 * GZIP_LIMIT) / text.length),
    largeCsv('below-the-limit.csv.gz', zipped, (0.98 * GZIP_LIMIT) / text.length),
    largeCsv('below-the-limit.csv', plain, (0.98 * PLAIN_LIMIT) / text.length),
    largeCsv('hundred-gb.csv', plain, 100e9 / text.length),
  ];
  // Each file gets an emulator of its own, because the emulator keeps all pieces in memory.
  for (const file of files) await withLargeSite(bench, (site) => benchFile(site, file));
}

async function benchFile(large: LargeSite, { key, object, unzippedBytes }: LargeCsv): Promise<void> {
  const file = large.add(`candidates/${key}`, object);
  console.log(`${key}: ${byteText(sizeOfRepeated(object))}, unzipped ${byteText(unzippedBytes)}`);
  const figures = await large.plan(file);
  const { plan, outcome } = await large.read(file);
  if (outcome?.value.status === 'failed') {
    console.log(`refused in ${describe(figures)}`);
    console.log(`${outcome.value.failure.reason}: ${outcome.value.failure.message}`);
    return;
  }
  if (plan === null) throw new Error('the file has neither plan nor outcome');
  console.log(`planned in ${describe(figures)}`);
  const { rows, shards } = plan.candidates;
  console.log(`plan: ${countOf(rows, 'row')} in ${countOf(shards.length, 'shard')}`);
  for (const scored of await large.score(file, [0, shards.length - 1])) console.log(`a shard in ${describe(scored)}`);
}

/** Returns rows with a note of random words, which gzip compresses to a third, like natural text. */
function randomRows(): string {
  const chance = random(1);
  const words = Array.from({ length: WORDS }, () => chance.next().toString(36).slice(2, 10));
  const note = () => Array.from({ length: 8 }, () => words[chance.below(WORDS)]).join(' ');
  const lines = Array.from(
    { length: BLOCK_ROWS },
    (_, row) => `${row},${row % 400},item${row % 50},${row % 90},${note()}\n`,
  );
  return lines.join('');
}

/** Returns a file of a header and `times` copies of the rows. In a gzip file each copy is a member: gzip joins them. */
function largeCsv(key: string, rows: RowBlock, times: number): LargeCsv {
  const whole = Math.ceil(times);
  const head = key.endsWith('.gz') ? gzipSync(HEADER) : Buffer.from(HEADER);
  const object = { head, body: rows.bytes, times: whole, tail: Buffer.alloc(0) };
  return { key, object, unzippedBytes: HEADER.length + whole * rows.unzippedBytes };
}
