/** The training container's entry as a plain process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(import.meta.dirname, '../../..');

/** A structured line of the log. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [key: string]: unknown;
}

/** A line of values in CloudWatch's embedded metric format. */
export interface MetricLine {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [key: string]: unknown;
}

export interface TrainingProcess {
  readonly child: ChildProcess;
  readonly lines: readonly LogLine[];
  /** The lines in the embedded metric format. */
  readonly metrics: readonly MetricLine[];
  /** Resolves with the line of that message once it is written, and with `null` if the process ends without it. */
  line(message: string, details?: Readonly<Record<string, unknown>>): Promise<LogLine | null>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null; readonly stderr: string }>;
}

export interface TrainingProcessOptions {
  /** Shell commands before it: limits, for instance. */
  readonly shell?: string;
  /** A module that is loaded first. */
  readonly preload?: string;
}

export function startTraining(
  environment: Readonly<Record<string, string>>,
  { shell = ':', preload }: TrainingProcessOptions = {},
): TrainingProcess {
  const modules = preload === undefined ? [] : ['--import', 'tsx', '--import', preload];
  // The built program: that is what the image runs, and it starts in a third of the time.
  const command = [process.execPath, ...modules, 'dist/training.js'];
  const child = spawn('sh', ['-c', `${shell}; exec "$@"`, 'sh', ...command], {
    cwd: ROOT,
    env: { ...process.env, THREADS: '2', MEMORY_MIB: '512', POWERTOOLS_DEV: 'false', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: LogLine[] = [];
  const metrics: MetricLine[] = [];
  const waiting = new Set<(line: LogLine) => void>();
  let stderr = '';
  const read = (text: string) => {
    const line = JSON.parse(text) as LogLine | MetricLine;
    if (isMetrics(line)) {
      metrics.push(line);
      return;
    }
    lines.push(line);
    for (const tell of waiting) tell(line);
  };
  createInterface({ input: child.stdout }).on('line', read);
  // Errors are structured lines as well; the tests expect no other output.
  createInterface({ input: child.stderr }).on('line', (text) => {
    if (text.startsWith('{')) read(text);
    else stderr += text;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stderr }));
  return {
    child,
    lines,
    metrics,
    ended,
    line: (message, details = {}) => {
      const isIt = (line: LogLine) =>
        line.message === message && Object.entries(details).every(([key, value]) => line[key] === value);
      const seen = () => lines.find(isIt) ?? null;
      return Promise.race([
        new Promise<LogLine>((resolve) => {
          const found = seen();
          if (found !== null) resolve(found);
          else waiting.add((line) => isIt(line) && resolve(line));
        }),
        ended.then(seen),
      ]);
    },
  };
}

function isMetrics(line: LogLine | MetricLine): line is MetricLine {
  return '_aws' in line;
}
