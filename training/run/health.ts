import { mkdtemp, rmdir, statfs } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { Session } from '../../lib/engine/ort/session.ts';
import type { Graph } from '../../lib/graph/graph.ts';
import { onnxBytes } from '../../lib/graph/onnx-file.ts';
import type { RunSettings } from './environment.ts';

/** What a run finds where it is started: nothing of it is assumed, the engine has computed something. */
export interface Health {
  readonly node: string;
  readonly cpuModel: string;
  readonly threads: number;
  readonly memoryMiB: number;
  readonly scratch: string;
  readonly scratchFreeMiB: number;
  readonly engine: 'onnxruntime';
}

const DOUBLING: Graph = {
  inputs: [{ name: 'x', type: 'float32', shape: [2] }],
  outputs: [{ name: 'y', type: 'float32', shape: [2] }],
  nodes: [{ op: 'Add', inputs: ['x', 'x'], outputs: ['y'], attributes: {}, kernel: 'Add' }],
  initializers: [],
  values: [],
};

/** @throws {Error} where the scratch disk cannot be written, or the engine is not there or computes wrongly. */
export async function checkHealth({ threads, memoryMiB, scratch }: RunSettings): Promise<Health> {
  const { bavail, bsize } = await statfs(scratch).catch((cause: unknown) => {
    throw new Error(`no scratch folder ${scratch} (SCRATCH)`, { cause });
  });
  await tryWriting(scratch);
  const session = await Session.open(onnxBytes(DOUBLING), { threads });
  const { y } = await session.run({ x: { data: Float32Array.of(1, 2), shape: [2] } });
  await session.release();
  if (String(y) !== '2,4') throw new Error(`onnxruntime doubles 1,2 to ${y}, expected 2,4`);
  return {
    node: process.versions.node,
    cpuModel: cpus()[0]?.model ?? 'unknown',
    threads,
    memoryMiB,
    scratch,
    scratchFreeMiB: Math.floor((bavail * bsize) / 2 ** 20),
    engine: 'onnxruntime',
  };
}

/** Makes a folder and removes it: a volume that is mounted over the image's may belong to another user. */
async function tryWriting(scratch: string): Promise<void> {
  try {
    await rmdir(await mkdtemp(join(scratch, 'entirespace-health-')));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Error(`scratch folder ${scratch} cannot be written by user ${process.getuid?.()}: ${code} (SCRATCH)`, {
      cause,
    });
  }
}
