import { EXIT_CODES } from '../../lib/contract/exit-codes.ts';
import { type EndpointOptions, openBucket } from '../bucket.ts';
import type { DefineCommand } from '../define-command.ts';
import { RepeatableOption } from '../terminal/command-line.ts';
import { printResult } from '../terminal/io.ts';
import {
  bucketOption,
  endpointOption,
  jsonOption,
  memoryOption,
  modelOption,
  threadsOption,
} from '../terminal/options.ts';

interface MonitorCommandOptions extends EndpointOptions {
  readonly data?: readonly string[];
  readonly bucket: string;
  readonly model?: string;
  readonly threads: number;
  readonly memory: number;
  readonly json: boolean;
}

/** `entirespace monitor`: what was scored, against what happened then. */
export const defineMonitor: DefineCommand = (command, act) => {
  command
    .addOption(
      new RepeatableOption(
        '--data <path>',
        'log with the outcomes since: a file, folder or glob; given several times, all are read as one log (default: none yet)',
      ),
    )
    .addOption(bucketOption())
    .addOption(endpointOption())
    .addOption(modelOption())
    .addOption(threadsOption())
    .addOption(memoryOption())
    .addOption(jsonOption())
    .examples([
      'entirespace monitor --data logs/',
      'entirespace monitor --data logs/dt=2026-11-2* --bucket s3://shop-bucket --json',
    ])
    .action((options: MonitorCommandOptions) =>
      act(options.json, async (session) => {
        const { runMonitor } = await import('../monitor/run-monitor.ts');
        const { monitorText } = await import('../monitor/monitor-text.ts');
        const store = await openBucket(session.io, options.bucket, 'write', options);
        const { document, ...monitored } = await runMonitor(store, options, session);
        printResult(session.io, options.json, document, monitorText(monitored, store.url));
        return EXIT_CODES.success;
      }),
    );
};
