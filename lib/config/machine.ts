/**
 * What this process may use of the machine: its memory and processors, within the limits of the control groups that it
 * runs in. Containers, systemd and batch schedulers limit a process by control groups, versions 1 and 2, and end it
 * without a word if it uses more memory than that. What Node.js says of these limits depends on its version: it knows
 * neither the groups around its own nor, in version 20, limits of processor time.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { byteText } from '../numbers/text.ts';

/** What a process may use. */
export interface Machine {
  readonly memoryBytes: number;
  /** Number of threads that can run at the same time. */
  readonly processors: number;
}

/** Thrown before work that needs more memory than there is, because the kernel would end the process without a word. */
export class NotEnoughMemoryError extends Error {
  override readonly name = 'NotEnoughMemoryError';
}

/**
 * Checks that work has the memory that it needs besides what this process uses already.
 * @throws {NotEnoughMemoryError} which says what would need less.
 */
export function assertMemory(
  { work, bytes, remedy }: { readonly work: string; readonly bytes: number; readonly remedy: string },
  { memoryBytes } = thisMachine(),
  usedBytes = process.memoryUsage.rss(),
): void {
  if (usedBytes + bytes <= memoryBytes) return;
  const [needed, used, most] = [bytes, usedBytes, memoryBytes].map(byteText);
  throw new NotEnoughMemoryError(
    `${work} needs ${needed} of memory besides the ${used} in use, expected at most ${most} in all, the limit of this process: ${remedy}`,
  );
}

/** A folder of the file system in which the kernel shows control groups. */
interface Mount {
  readonly version: 1 | 2;
  /** Path of the group that the folder stands for; `/` outside containers. */
  readonly root: string;
  readonly point: string;
  /** Resources of version 1 that are limited there. */
  readonly controllers: readonly string[];
}

/**
 * Returns what this process may use: the smallest limit of its control groups and of the groups around them, or what
 * the hardware has. `root` is the folder in which `/proc` and `/sys` are found, for tests.
 */
export function thisMachine(root = '/'): Machine {
  const groups = controlGroups(root);
  const memory = groups.flatMap((group) => memoryLimits(root, group));
  const processors = groups.flatMap((group) => processorLimits(root, group));
  return {
    memoryBytes: Math.min(totalmem(), ...memory),
    processors: Math.max(1, Math.ceil(Math.min(availableParallelism(), ...processors))),
  };
}

/** The folders of the groups that this process is in, each with those around it. */
function controlGroups(root: string): readonly string[] {
  const mounts = (read(join(root, 'proc/self/mountinfo')) ?? '').split('\n').flatMap(parseMount);
  const lines = (read(join(root, 'proc/self/cgroup')) ?? '').split('\n');
  return mounts.flatMap((mount) => {
    const line = lines.find((text) => isOfMount(text, mount));
    return line === undefined ? [] : foldersOf(mount, line.split(':').slice(2).join(':'));
  });
}

/** Parses a line of `/proc/self/mountinfo`, see proc(5), if it is one of control groups. */
function parseMount(line: string): Mount[] {
  const [place = '', source = ''] = line.split(' - ');
  const [, , , root = '', point = ''] = place.split(' ');
  const [type, , options = ''] = source.split(' ');
  if (type !== 'cgroup' && type !== 'cgroup2') return [];
  const version = type === 'cgroup2' ? 2 : 1;
  return [{ version, root: unescaped(root), point: unescaped(point), controllers: options.split(',') }];
}

/** Whether a line of `/proc/self/cgroup`, `number:controllers:path`, tells the group of this process in the mount. */
function isOfMount(line: string, { version, controllers }: Mount): boolean {
  const [number, names = ''] = line.split(':');
  if (version === 2) return number === '0' && names === '';
  return names !== '' && names.split(',').every((name) => controllers.includes(name));
}

/** The folder of a group and of every group around it. In a container the path may be one that only the host has. */
function foldersOf({ root, point }: Mount, path: string): readonly string[] {
  const isBelow = root === '/' || path === root || path.startsWith(`${root}/`);
  const steps = (isBelow ? path.slice(root === '/' ? 0 : root.length) : '').split('/').filter((step) => step !== '');
  return Array.from({ length: steps.length + 1 }, (_, depth) => join(point, ...steps.slice(0, depth)));
}

/** Limits in bytes; above `memory.high` of version 2 the kernel slows a process down until it hardly moves. */
function memoryLimits(root: string, group: string): readonly number[] {
  return ['memory.max', 'memory.high', 'memory.limit_in_bytes'].flatMap((name) => {
    const bytes = Number.parseInt(read(join(root, group, name)) ?? '', 10);
    return bytes > 0 ? [bytes] : [];
  });
}

/** Limits as a number of processors, which need not be whole. */
function processorLimits(root: string, group: string): readonly number[] {
  const pairs = [
    (read(join(root, group, 'cpu.max')) ?? '').split(' '),
    [read(join(root, group, 'cpu.cfs_quota_us')), read(join(root, group, 'cpu.cfs_period_us'))],
  ];
  return pairs.flatMap(([quota, period]) => {
    const share = Number.parseInt(quota ?? '', 10) / Number.parseInt(period ?? '', 10);
    return share > 0 ? [share] : [];
  });
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Undoes the kernel's escapes of blanks in paths: `\040`. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
