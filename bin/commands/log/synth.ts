import { InvalidArgumentError, Option } from 'commander';
import { EXIT_CODES, type ExitCode } from '../../../lib/contract/exit-codes.ts';
import { DEFAULTS, type SynthOptions } from '../../../lib/synth/options.ts';
import type { DefineCommand } from '../../define-command.ts';
import { type Session, UsageError } from '../../terminal/exit.ts';
import { pathIn, printResult } from '../../terminal/io.ts';
import { calendarDate, jsonOption, memoryOption, threadsOption, wholeNumber } from '../../terminal/options.ts';

interface SynthCommandOptions extends Omit<SynthOptions, 'delay' | 'drift'> {
  readonly out: string;
  readonly delay?: number;
  readonly drift?: number;
  readonly driftFrom?: number;
  readonly rowsOfFile: number;
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

const MOST_ROWS = 2 ** 40;
const MOST_IDS = 2 ** 31 - 1;
const MOST_SEED = 2 ** 53 - 1;
const MOST_DAYS = 3650;

/** `entirespace synth`: writes a log from a known truth. */
export const defineSynth: DefineCommand = (command, act) => {
  const whole = (flags: string, description: string, byDefault: number, most: number) =>
    new Option(flags, description).default(byDefault).argParser(wholeNumber(most));
  const real = (flags: string, description: string, byDefault: number) =>
    new Option(flags, description).default(byDefault).argParser(finiteNumber);
  command
    .addOption(new Option('--out <folder>', 'folder that is made: log/, entirespace.yaml, truth.json').default('synth'))
    .addOption(whole('--rows <n>', 'impressions', DEFAULTS.rows, MOST_ROWS))
    .addOption(whole('--users <n>', 'distinct users', DEFAULTS.users, MOST_IDS))
    .addOption(whole('--items <n>', 'distinct items', DEFAULTS.items, MOST_IDS))
    .addOption(real('--user-exponent <x>', "exponent of Zipf's law of the users' frequencies", DEFAULTS.userExponent))
    .addOption(real('--item-exponent <x>', "exponent of Zipf's law of the items' frequencies", DEFAULTS.itemExponent))
    .addOption(real('--click-rate <x>', 'share of the impressions that are clicked', DEFAULTS.clickRate))
    .addOption(real('--conversion-rate <x>', 'share of the clicks that convert', DEFAULTS.conversionRate))
    .addOption(
      real('--observed-bias <x>', 'how far clicks depend on the features that drive conversion', DEFAULTS.observedBias),
    )
    .addOption(real('--hidden-bias <x>', 'how far an unseen cause drives click and conversion', DEFAULTS.hiddenBias))
    .addOption(whole('--days <n>', 'days that the log spans', DEFAULTS.days, MOST_DAYS))
    .addOption(new Option('--start <YYYY-MM-DD>', 'first day, UTC').default(DEFAULTS.start).argParser(calendarDate))
    .addOption(
      new Option(
        '--delay <days>',
        'mean time from a click to its conversion; what comes after the end is not seen (default: none)',
      ).argParser(finiteNumber),
    )
    .addOption(
      new Option('--drift-from <day>', 'days after which other effects drive conversion (default: never)').argParser(
        wholeNumber(MOST_DAYS),
      ),
    )
    .addOption(
      new Option('--drift <share>', 'with --drift-from: how much of the effects changes (default: 0.5)').argParser(
        finiteNumber,
      ),
    )
    .addOption(whole('--seed <n>', 'seed of all draws', DEFAULTS.seed, MOST_SEED))
    .addOption(whole('--rows-of-file <n>', 'rows of each Parquet file', 1_000_000, MOST_ROWS))
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .examples(
      [
        'entirespace synth --rows 200000 --observed-bias 1',
        'entirespace compare synth/entirespace.yaml --data synth/log --models esmm,base',
      ],
      'The same options give the same rows, whatever --threads and --rows-of-file.',
    )
    .action((options: SynthCommandOptions) => act(options.json, (session) => synth(options, session)));
};

async function synth(options: SynthCommandOptions, { io, signal }: Session): Promise<ExitCode> {
  const { driftFrom, drift, delay = null, out, rowsOfFile, threads, memory, json, ...rest } = options;
  if (driftFrom === undefined && drift !== undefined)
    throw new UsageError(`--drift: got ${drift}, expected --drift-from with it`);
  const { assertPossible, SynthOptionsError } = await import('../../../lib/synth/options.ts');
  const { writeLog } = await import('../../../lib/synth/write-log.ts');
  const { openDatabase, withCleanup } = await import('../../../lib/table/database.ts');
  const { withScratch } = await import('../../scratch.ts');
  const { progressBar } = await import('../../terminal/progress-bar.ts');
  const { formatTruth } = await import('../../synth/synth-text.ts');
  const asked = { ...rest, delay, drift: driftFrom === undefined ? null : { fromDay: driftFrom, share: drift ?? 0.5 } };
  const bar = progressBar(io.stderr);
  try {
    assertPossible(asked);
    const truth = await withScratch(io, async (scratch) => {
      const database = await openDatabase({ threads, memoryLimitMiB: memory, scratch });
      const onProgress = (done: number) => bar.update({ label: 'synth', done, total: asked.rows });
      onProgress(0);
      const write = { folder: pathIn(io, out), rowsOfFile, atOnce: threads, signal, onProgress };
      return withCleanup(
        () => writeLog(database, asked, write),
        () => database.close(),
      );
    });
    printResult(io, json, truth, formatTruth(truth, out));
    return EXIT_CODES.success;
  } catch (error) {
    throw error instanceof SynthOptionsError ? new UsageError(error.message) : error;
  } finally {
    bar.stop();
  }
}

function finiteNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('expected a number');
  return value;
}
