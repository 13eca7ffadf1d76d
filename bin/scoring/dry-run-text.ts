/** What scoring would take, as text for people. */
import { byteText, count, countOf, duration, precise } from '../../lib/numbers/text.ts';
import type { ForeseenScoring } from './dry-run.ts';

/** Returns a line for each file, and what all of them take here and on AWS. */
export function formatForeseen({ model, files, here, onAws }: ForeseenScoring): string {
  return [
    ...files.map(({ file, rows, shards, problem }) =>
      problem === null
        ? `${file}: ${countOf(rows, 'row')} in ${countOf(shards, 'shard')}`
        : `${file}: cannot be scored: ${problem}`,
    ),
    ...(here === null
      ? []
      : [
          `here: about ${duration(Math.max(1, here.seconds))} at ${count(here.rowsPerSecond)} rows/s, as ${count(here.probedRows)} rows took, and ${byteText(here.memoryBytes)} of memory`,
        ]),
    `on AWS: about ${duration(Math.max(1, onAws.seconds))} with ${onAws.functions} functions, ${precise(onAws.usd)} USD at list prices of ${onAws.pricesOf}`,
    `dry run by ${model.name} ${model.version}: nothing was written`,
  ].join('\n');
}
