import { once } from 'node:events';
import { Option } from 'commander';
import { EXIT_CODES, type ExitCode } from '../../lib/contract/exit-codes.ts';
import { openBucket } from '../bucket.ts';
import { chosenModel } from '../chosen-model.ts';
import type { DefineCommand } from '../define-command.ts';
import { type Session, UsageError } from '../terminal/exit.ts';
import { print, printError } from '../terminal/io.ts';
import { bucketOption, endpointOption, modelOption, portOption, tableMemoryOption } from '../terminal/options.ts';

interface ServeOptions {
  readonly bucket: string;
  readonly endpoint?: string;
  readonly model?: string;
  readonly host: string;
  readonly port: number;
  readonly tableMemory: number;
}

/** `entirespace serve`: scores single requests over HTTP, until Ctrl-C or SIGTERM. */
export const defineServe: DefineCommand = (command, act) => {
  command
    .addOption(bucketOption())
    .addOption(endpointOption())
    .addOption(modelOption())
    .addOption(new Option('--host <address>', 'where it listens; 0.0.0.0 in a container').default('127.0.0.1'))
    .addOption(portOption())
    .addOption(tableMemoryOption())
    .examples(
      ['entirespace serve', 'entirespace serve --bucket s3://my-bucket --model shop --host 0.0.0.0 --port 80'],
      'POST /score and /rank; GET /health and /metrics. A promoted version is in use within seconds.',
    )
    .action((options: ServeOptions) => act(false, (session) => serve(options, session)));
};

async function serve(options: ServeOptions, { io, signal }: Session): Promise<ExitCode> {
  const { OnlineScorer } = await import('../../lib/online/online-scorer.ts');
  const { startServer } = await import('../../lib/online/http-server.ts');
  const store = await openBucket(io, options.bucket, 'read', options);
  const model = await chosenModel(store, options.model);
  const scorer = await OnlineScorer.open(store, model, {
    tableMemoryMiB: options.tableMemory,
    onStatisticsError: (error) =>
      printError(io, `statistics of requests cannot be written: ${error instanceof Error ? error.message : error}`),
    onRefresh: (version) => print(io, `serving version ${version}`),
    onRefreshError: (error) => {
      server?.service.metrics.refreshFailed();
      printError(io, `newer version cannot be opened: ${error instanceof Error ? error.message : error}`);
    },
  });
  let server: Awaited<ReturnType<typeof startServer>> | undefined;
  try {
    server = await startServer(scorer, options).catch((cause: unknown) => {
      throw new UsageError(`--port: ${cause instanceof Error ? cause.message : cause}`, { cause });
    });
    print(io, `serving version ${scorer.version} of ${model} at ${server.url}`);
    if (!signal.aborted) await once(signal, 'abort');
    await server.stop();
  } finally {
    await scorer.close();
  }
  return EXIT_CODES.success;
}
