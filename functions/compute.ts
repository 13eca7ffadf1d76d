/** Threads and memory of a function, which Lambda gives by the size that it is deployed with. */
import { FUNCTION_MEMORY_MIB } from '../lib/contract/limits.ts';

export interface Compute {
  /** Threads that score; DuckDB reads with half as many. */
  readonly threads: number;
  /** DuckDB's memory; the model, the rows under way and Node.js live in the rest. */
  readonly memoryLimitMiB: number;
}

// Lambda gives a vCPU for each 1,769 MB, over as many cores as these sizes see; `os.cpus()` has those of the host.
const CORES = [
  { upToMiB: 1769, threads: 1 },
  { upToMiB: 3008, threads: 2 },
  { upToMiB: 5307, threads: 3 },
  { upToMiB: 7076, threads: 4 },
  { upToMiB: 8845, threads: 5 },
] as const;

/** Threads and memory of the work on rows in a function of this size. */
export function computeOf(memoryMiB: number): Compute {
  const { least, most } = FUNCTION_MEMORY_MIB;
  if (!Number.isInteger(memoryMiB) || memoryMiB < least || memoryMiB > most)
    throw new RangeError(`memory of a function must be ${least} to ${most} MiB, got ${memoryMiB}`);
  const threads = CORES.find(({ upToMiB }) => memoryMiB <= upToMiB)?.threads ?? 6;
  return { threads, memoryLimitMiB: Math.floor(0.4 * memoryMiB) };
}
