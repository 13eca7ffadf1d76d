import { setTimeout } from 'node:timers/promises';
import { Command } from 'commander';
import { openStore } from '../../lib/store/open-store.ts';
import { EXIT_CODES, type ExitCode, runCommand } from '../exit.ts';
import { type LocalOptions, scoreInBucket } from '../local-scoring.ts';
import { bucketOption, jsonOption, memoryOption, modelOption, threadsOption } from '../options.ts';
import { formatFileResult } from '../report-text.ts';
import { printResults } from './score.ts';

interface LocalCommandOptions extends LocalOptions {
  readonly watch: boolean;
  readonly json: boolean;
}

const WATCH_MILLISECONDS = 2000;

/** `entirespace local`: the cloud's scoring on this machine, over a folder. */
export function localCommand(): Command {
  return new Command('local')
    .description("score every file under the bucket's candidates/ that has no outcome yet, as the cloud would")
    .addOption(bucketOption())
    .addOption(modelOption())
    .option('--watch', 'stay, and score what is dropped there, until Ctrl-C', false)
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  $ cp today.parquet bucket/candidates/ && entirespace local\n  $ entirespace local --watch',
    )
    .action((options: LocalCommandOptions) => runCommand((signal) => local(options, signal), options.json));
}

async function local(options: LocalCommandOptions, signal: AbortSignal): Promise<ExitCode> {
  const store = openStore(options.bucket);
  const scan = () => scoreInBucket(store, options, { signal, isSilent: options.json });
  if (!options.watch) return printResults(await scan(), options, signal);
  const shown = new Set<string>();
  while (!signal.aborted) {
    for (const result of await scan()) {
      const text = options.json ? JSON.stringify(result) : formatFileResult(result, options.bucket);
      if (result.status !== 'open' && !shown.has(text)) process.stdout.write(`${text}\n`);
      shown.add(text);
    }
    await setTimeout(WATCH_MILLISECONDS, undefined, { signal }).catch(() => undefined);
  }
  return EXIT_CODES.success;
}
