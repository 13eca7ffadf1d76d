import { EXIT_CODES } from '../../lib/contract/exit-codes.ts';
import { PARTS, type Part } from '../../lib/table/encoded.ts';
import { type EndpointOptions, openBucket } from '../bucket.ts';
import type { DefineCommand } from '../define-command.ts';
import { printResult } from '../terminal/io.ts';
import {
  bucketOption,
  choiceOption,
  dataOption,
  endpointOption,
  jsonOption,
  memoryOption,
  modelOption,
  threadsOption,
  versionId,
} from '../terminal/options.ts';

interface EvaluateOptions extends EndpointOptions {
  readonly data: readonly string[];
  readonly bucket: string;
  readonly model?: string;
  readonly version?: string;
  readonly part: Part | 'all';
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

/** `entirespace evaluate`: a published version on any log. */
export const defineEvaluate: DefineCommand = (command, act) => {
  command
    .addOption(dataOption())
    .addOption(bucketOption())
    .addOption(endpointOption())
    .addOption(modelOption())
    .option('--version <id>', 'model version (default: the current one)', versionId)
    .addOption(
      choiceOption(
        '--part <part>',
        "rows of the declaration's split to measure on; all needs neither its columns nor every label",
        [...PARTS, 'all'],
      ).default('test'),
    )
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .examples([
      'entirespace evaluate --data logs/dt=2026-11-22 --part all',
      'entirespace evaluate --data logs/ --version 20261122-031500-1a2b3c4d --json',
    ])
    .action((options: EvaluateOptions) =>
      act(options.json, async (session) => {
        const { chosenModel, requireCurrent } = await import('../chosen-model.ts');
        const { measureVersion } = await import('../training/measure-version.ts');
        const { metricsJson } = await import('../../lib/evaluation/metrics-json.ts');
        const { formatMeasured } = await import('../terminal/log-text.ts');
        const { formatMetricsTable } = await import('../../lib/evaluation/metrics-table.ts');
        const store = await openBucket(session.io, options.bucket, 'read', options);
        const name = await chosenModel(store, options.model);
        const version = options.version ?? (await requireCurrent(store, name));
        const { metrics, ...measured } = await measureVersion(store, { name, version }, options, session);
        const document = { name, version, ...measured, metrics: metricsJson(metrics) };
        printResult(session.io, options.json, document, `${formatMeasured(measured)}\n${formatMetricsTable(metrics)}`);
        return EXIT_CODES.success;
      }),
    );
};
