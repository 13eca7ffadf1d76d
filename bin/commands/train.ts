import type { EngineName } from '../../lib/config/engines.ts';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import { percent } from '../../lib/numbers/text.ts';
import { epochsJson } from '../../lib/training/networks/fitted-network.ts';
import type { EndpointOptions } from '../bucket.ts';
import type { DefineCommand } from '../define-command.ts';
import {
  chosenDeclaration,
  type DeclarationOption,
  declarationArgument,
  declarationOption,
} from '../terminal/declaration.ts';
import type { Session } from '../terminal/exit.ts';
import { formatDecision } from '../terminal/gate-text.ts';
import { printError, printResult } from '../terminal/io.ts';
import {
  bucketOption,
  dataOption,
  dryRunOption,
  endpointOption,
  engineOption,
  jsonOption,
  memoryOption,
  rejectsOption,
  rejectsPath,
  threadsOption,
} from '../terminal/options.ts';
import type { Project } from '../training/read-project.ts';

interface TrainOptions extends DeclarationOption, EndpointOptions {
  readonly data: readonly string[];
  readonly bucket: string;
  readonly rejects: string;
  readonly promote: boolean;
  readonly dryRun: boolean;
  readonly like?: string;
  readonly weights?: string;
  readonly engine?: EngineName;
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

/** `entirespace train`: from a log to a published model version. */
export const defineTrain: DefineCommand = (command, act) => {
  command
    .addArgument(declarationArgument())
    .addOption(declarationOption())
    .addOption(dataOption())
    .addOption(bucketOption())
    .addOption(endpointOption())
    .addOption(rejectsOption())
    .option('--like <file>', 'train the model that a comparison.json found, with its settings')
    .option(
      '--weights <folder>',
      'publish weights that were trained elsewhere on a bundle of this log; a folder, or s3://bucket/folder',
    )
    .option('--no-promote', 'publish, and leave the current version as it is')
    .addOption(dryRunOption())
    .addOption(engineOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .examples([
      'entirespace train --data logs/',
      'entirespace train shop.yaml --data "logs/dt=2026-11-*/*.parquet" --no-promote --json',
    ])
    .action((argument: string | undefined, options: TrainOptions) =>
      act(options.json, (session) => train(chosenDeclaration(session.io, argument, options), options, session)),
    );
};

const NOT_CALIBRATED =
  'not calibrated: the rows that trained this model shift its probabilities, so that their order counts alone (training.calibration: platt repairs their level)';

function clippedLines(shares: Readonly<Record<string, number>>): string[] {
  return Object.entries(shares).map(
    ([output, share]) => `${output} is a quotient, clipped to 1 in ${percent(share)} of the held-out rows`,
  );
}

/** Trains, publishes and prints the metrics. */
async function train(declaration: string, options: TrainOptions, session: Session): Promise<ExitCode> {
  const { io } = session;
  if (options.dryRun) return dryRun(declaration, options, session);
  const { trainAndPublish } = await import('../training/train-and-publish.ts');
  const { metricsJson } = await import('../../lib/evaluation/metrics-json.ts');
  const { promotes } = await import('../../lib/gate/verdict.ts');
  const { formatLogSummary } = await import('../terminal/log-text.ts');
  const { formatMetricsTable } = await import('../../lib/evaluation/metrics-table.ts');
  const { formatCalibration } = await import('../../lib/evaluation/calibration/calibration-text.ts');
  const project =
    options.like === undefined ? {} : { project: await projectOfLike(declaration, options.like, session) };
  const { name, version, report, trained, decision } = await trainAndPublish(
    { ...options, ...project, declaration, rejects: rejectsPath(io, options) },
    session,
    (summary) => printError(io, formatLogSummary(summary)),
  );
  const { summary, networks, filledRows, seconds, isCalibrated } = trained;
  const isCurrent = decision !== null && promotes(decision);
  const metrics = metricsJson(trained.metrics, trained.uncalibrated, trained.clippedShares);
  printResult(
    io,
    options.json,
    {
      name,
      version,
      isCurrent,
      decision,
      seconds,
      summary,
      ...epochsJson(networks),
      filledRows,
      calibrated: isCalibrated,
      metrics,
    },
    [
      formatMetricsTable(trained.metrics),
      ...formatCalibration(trained),
      ...clippedLines(trained.clippedShares ?? {}),
      ...(isCalibrated ? [] : [NOT_CALIBRATED]),
      ...(decision === null ? [] : [formatDecision(decision)]),
      `published ${name} ${version}${isCurrent ? ', now the current version' : ''} (in ${options.bucket})`,
      ...(decision?.verdict === 'refused'
        ? [`to use it all the same: entirespace models promote ${version} --force --bucket ${options.bucket}`]
        : []),
      `report: ${options.bucket}/${report}`,
    ].join('\n'),
  );
  return decision === null || isCurrent ? EXIT_CODES.success : EXIT_CODES['not promoted'];
}

/** Prints what training would take. */
async function dryRun(declaration: string, options: TrainOptions, session: Session): Promise<ExitCode> {
  const { readProject } = await import('../training/read-project.ts');
  const { foreseeTraining, formatForeseenTraining } = await import('../training/dry-run.ts');
  const project =
    options.like === undefined
      ? await readProject(session.io, declaration)
      : await projectOfLike(declaration, options.like, session);
  const { data, threads, memory } = options;
  const foreseen = await foreseeTraining(project, { data, threads, memory }, session);
  printResult(session.io, options.json, foreseen, formatForeseenTraining(foreseen));
  return EXIT_CODES.success;
}

async function projectOfLike(declaration: string, like: string, { io }: Session): Promise<Project> {
  const { readProject } = await import('../training/read-project.ts');
  const { projectLike } = await import('../training/like-comparison.ts');
  const { project, told } = await projectLike(io, await readProject(io, declaration), { declaration, like });
  printError(io, told);
  return project;
}
