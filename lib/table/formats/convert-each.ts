/** Converts the files of a log one by one, and says how far each is. */
import type { Database } from '../database.ts';
import type { RunPart } from '../log-progress.ts';
import { type CsvFile, localFile } from './csv/file.ts';
import type { LogFile } from './format.ts';

/** How files are converted. */
export interface Conversions {
  readonly run: RunPart;
  /** How often the text of a file is read here, before DuckDB reads what is made of it. */
  readonly readings: number;
  readonly convert: (file: CsvFile) => Promise<void>;
}

/** Converts each file in turn. As bytes it counts those of the disk: how long an unpacked text is, only its end tells. */
export async function convertEach(
  database: Database,
  files: readonly LogFile[],
  { run, readings, convert }: Conversions,
): Promise<void> {
  // No file is empty.
  const all = files.reduce((sum, { size }) => sum + size, 0);
  for (const { name, path, size } of files) {
    let read = 0;
    const file = localFile(path, name);
    const counted: CsvFile = {
      name,
      async *read(range) {
        for await (const block of file.read(range)) {
          read += block.length;
          yield block;
        }
      },
    };
    // A text that turns out to be misread is read from its beginning again.
    const share = () => (Math.min(readings, read / size) + (database.share() ?? 0)) / (readings + 1);
    await run(size / all, () => convert(counted), share);
  }
}
