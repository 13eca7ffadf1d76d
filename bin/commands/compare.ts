import { InvalidArgumentError, Option } from 'commander';
import { DEFAULT_FIGURE, FIGURE_NAMES, type Figure } from '../../lib/compare/result/figures.ts';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import type { DefineCommand } from '../define-command.ts';
import {
  chosenDeclaration,
  type DeclarationOption,
  declarationArgument,
  declarationOption,
} from '../terminal/declaration.ts';
import type { Session } from '../terminal/exit.ts';
import { printError, printResult } from '../terminal/io.ts';
import {
  choiceOption,
  dataOption,
  jsonOption,
  memoryOption,
  rejectsOption,
  rejectsPath,
  threadsOption,
  wholeNumber,
} from '../terminal/options.ts';

interface CompareOptions extends DeclarationOption {
  readonly data: readonly string[];
  readonly models: readonly string[];
  readonly seeds: number;
  readonly trials: number;
  readonly against: string;
  readonly by: Figure;
  readonly shares: readonly number[];
  readonly out: string;
  readonly rejects: string;
  readonly python?: string;
  readonly hierarchies?: readonly (readonly string[])[];
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

const MOST_SEEDS = 1000;
const MOST_TRIALS = 1000;

/** `entirespace compare`: trains models of the family on a log, and tells which is best, by how much and how surely. */
export const defineCompare: DefineCommand = (command, act) => {
  command
    .addArgument(declarationArgument())
    .addOption(declarationOption())
    .addOption(dataOption())
    .addOption(
      new Option('--models <names>', 'models, separated by commas: all, esmm, base, esmm+mmoe, gbdt, file, ...')
        .default(['all'], 'all')
        .argParser(names),
    )
    .addOption(new Option('--seeds <n>', 'times that each is trained').default(10).argParser(wholeNumber(MOST_SEEDS)))
    .addOption(
      new Option('--trials <n>', "trials of each model's own settings on the validation rows")
        .default(3)
        .argParser(wholeNumber(MOST_TRIALS)),
    )
    .addOption(new Option('--against <model>', 'the model that all are compared with').default('esmm'))
    .addOption(
      choiceOption('--by <figure>', 'what the verdict, and the choice of settings, go by', FIGURE_NAMES).default(
        DEFAULT_FIGURE,
      ),
    )
    .addOption(
      new Option('--shares <list>', 'also train on these shares of the training rows, such as 0.05,0.2,0.5')
        .default([], 'none')
        .argParser(shares),
    )
    .addOption(
      new Option(
        '--out <folder>',
        'where runs are recorded, and what is found goes; runs that are there are kept',
      ).default('comparison'),
    )
    .addOption(
      new Option(
        '--hierarchies <list>',
        'for the model hierarchical: features from wide to narrow, such as category/brand/item_id,segment/user_id',
      ).argParser(hierarchies),
    )
    .addOption(new Option('--python <path>', 'Python with LightGBM, for the model gbdt (default: python3)'))
    .addOption(rejectsOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .examples([
      'entirespace compare --data logs/',
      'entirespace compare shop.yaml --data logs/ --models esmm,base,esmm+mmoe --seeds 5 --shares 0.1,0.5',
    ])
    .action((argument: string | undefined, options: CompareOptions) =>
      act(options.json, (session) => compare(chosenDeclaration(session.io, argument, options), options, session)),
    );
};

async function compare(path: string, options: CompareOptions, session: Session): Promise<ExitCode> {
  const { io } = session;
  const { readProject } = await import('../training/read-project.ts');
  const { compareLog } = await import('../compare/compare-log.ts');
  const { formatComparison } = await import('../terminal/compare-text.ts');
  const { formatLogSummary } = await import('../terminal/log-text.ts');
  const project = await readProject(io, path);
  const asked = { ...options, declaration: path, project, rejects: rejectsPath(io, options) };
  const comparison = await compareLog(asked, session, (summary) => printError(io, formatLogSummary(summary)));
  printResult(
    io,
    options.json,
    comparison,
    `${formatComparison(comparison)}\nfound: ${options.out}/comparison.html and comparison.json`,
  );
  const hasVerdict = comparison.models.some(({ claim }) => claim === 'reference');
  return hasVerdict ? EXIT_CODES.success : EXIT_CODES['unexpected error'];
}

function names(text: string): string[] {
  const all = text.split(',').map((name) => name.trim());
  if (all.some((name) => name === '')) throw new InvalidArgumentError('expected names separated by commas');
  return all;
}

/** Parses hierarchies of features. */
function hierarchies(text: string): string[][] {
  const all = text.split(',').map((hierarchy) => hierarchy.split('/').map((level) => level.trim()));
  if (all.some((hierarchy) => hierarchy.some((level) => level === '')))
    throw new InvalidArgumentError('expected features joined by /, and hierarchies separated by commas');
  return all;
}

/** Parses shares of the training rows, which are sorted; that of all rows is trained on anyway. */
function shares(text: string): number[] {
  const all = text.split(',').map(Number);
  if (all.some((share) => !(share > 0 && share <= 1)))
    throw new InvalidArgumentError('expected numbers above 0, and at most 1, separated by commas');
  return [...new Set(all)].filter((share) => share < 1).sort((a, b) => a - b);
}
