import { Option } from 'commander';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import type { EndpointOptions } from '../bucket.ts';
import type { DefineCommand } from '../define-command.ts';
import {
  chosenDeclaration,
  type DeclarationOption,
  declarationArgument,
  declarationOption,
} from '../terminal/declaration.ts';
import { type Session, UsageError } from '../terminal/exit.ts';
import { printError, printResult } from '../terminal/io.ts';
import {
  bucketOption,
  dataOption,
  endpointOption,
  jsonOption,
  memoryOption,
  rejectsOption,
  rejectsPath,
  threadsOption,
  wholeNumber,
} from '../terminal/options.ts';

interface TuneOptions extends DeclarationOption, EndpointOptions {
  readonly data: readonly string[];
  readonly trials: number;
  readonly seed?: number;
  readonly out: string;
  readonly refit: boolean;
  readonly bucket: string;
  readonly rejects: string;
  readonly promote: boolean;
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

const MOST_TRIALS = 10_000;
const MOST_SEED = 2 ** 53 - 1;

/** `entirespace tune`: searches learning rate, L2 on embeddings, dropout, width and batch on the validation rows. */
export const defineTune: DefineCommand = (command, act) => {
  command
    .addArgument(declarationArgument())
    .addOption(declarationOption())
    .addOption(dataOption())
    .addOption(new Option('--trials <n>', 'trials in all').default(20).argParser(wholeNumber(MOST_TRIALS)))
    .addOption(
      new Option('--seed <n>', 'seed of the search (default: training.seed)').argParser(wholeNumber(MOST_SEED)),
    )
    .addOption(
      new Option('--out <file>', 'where the trials go; a search that was interrupted continues from it').default(
        'tune.json',
      ),
    )
    .option('--refit', 'train once more on training and validation rows with what was found, and publish', false)
    .addOption(bucketOption())
    .addOption(endpointOption())
    .addOption(rejectsOption())
    .option('--no-promote', 'with --refit: publish, and leave the current version as it is')
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .examples(['entirespace tune --data logs/ --trials 30', 'entirespace tune shop.yaml --data logs/ --refit'])
    .action((argument: string | undefined, options: TuneOptions) =>
      act(options.json, (session) => tune(chosenDeclaration(session.io, argument, options), options, session)),
    );
};

async function tune(path: string, options: TuneOptions, session: Session): Promise<ExitCode> {
  const { io } = session;
  const { readProject } = await import('../training/read-project.ts');
  const { searchLog } = await import('../tune/search-log.ts');
  const { bestTrial } = await import('../../lib/tune/trial.ts');
  const { fragment } = await import('../../lib/tune/refit.ts');
  const { formatTrials } = await import('../terminal/tune-text.ts');
  const { formatLogSummary } = await import('../terminal/log-text.ts');
  const project = await readProject(io, path);
  const { calibration, epochs, seed } = project.declaration.training;
  if (options.refit && calibration !== 'none')
    throw new UsageError(`--refit: leaves no validation rows to calibrate on (training.calibration is ${calibration})`);
  const rejects = rejectsPath(io, options);
  const trials = await searchLog({ ...options, seed: options.seed ?? seed, project, rejects }, session, (summary) =>
    printError(io, formatLogSummary(summary)),
  );
  const best = bestTrial(trials);
  const found = { trials, best: best?.number ?? null, fragment: best === null ? null : fragment(best.settings) };
  if (!options.refit || best === null) {
    printResult(io, options.json, found, formatTrials(trials, epochs));
    return best === null ? EXIT_CODES['unexpected error'] : EXIT_CODES.success;
  }
  const { refit } = await import('../tune/refit-best.ts');
  const { published, lines, code } = await refit({ ...options, rejects, declaration: path, project }, best, session);
  printResult(io, options.json, { ...found, refit: published }, [formatTrials(trials, epochs), ...lines].join('\n'));
  return code;
}
