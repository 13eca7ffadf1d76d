import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertMemory, NotEnoughMemoryError, thisMachine } from '../../lib/config/machine.ts';

const GIB = 2 ** 30;
const V2 = '30 23 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate';
const V1 = [
  '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
  '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
].join('\n');

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'machine-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function machineWith(mountinfo: string, groups: string, limits: Readonly<Record<string, string>>) {
  const files = {
    '/proc/self/mountinfo': `22 1 8:1 / / rw - ext4 /dev/sda rw\n${mountinfo}\n`,
    '/proc/self/cgroup': groups,
  };
  for (const [path, text] of Object.entries({ ...files, ...limits })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return thisMachine(root);
}

describe('what a process may use', () => {
  const hardware = { memoryBytes: totalmem(), processors: availableParallelism() };

  it('is what the hardware has without control groups', () => {
    expect(thisMachine(root)).toEqual(hardware);
  });

  it('is what the hardware has where no group has a limit', () => {
    const limits = { '/sys/fs/cgroup/a/memory.max': 'max\n', '/sys/fs/cgroup/a/cpu.max': 'max 100000\n' };
    expect(machineWith(V2, '0::/a\n', limits)).toEqual(hardware);
    const unlimited = { memory: '9223372036854771712\n', quota: '-1\n', period: '100000\n' };
    expect(
      machineWith(V1, '4:memory:/\n1:cpu,cpuacct:/\n', {
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': unlimited.memory,
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': unlimited.quota,
        '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': unlimited.period,
      }),
    ).toEqual(hardware);
  });

  it.each<[string, string, string, Readonly<Record<string, string>>, number]>([
    ['its own group', V2, '0::/a/b\n', { '/sys/fs/cgroup/a/b/memory.max': `${GIB}\n` }, GIB],
    [
      'a group around its own',
      V2,
      '0::/a/b\n',
      { '/sys/fs/cgroup/a/memory.max': `${GIB}\n`, '/sys/fs/cgroup/a/b/memory.max': 'max\n' },
      GIB,
    ],
    [
      'the smallest of both',
      V2,
      '0::/a/b\n',
      { '/sys/fs/cgroup/a/memory.max': `${GIB}\n`, '/sys/fs/cgroup/a/b/memory.max': `${GIB / 2}\n` },
      GIB / 2,
    ],
    ['a group that is slowed down', V2, '0::/a\n', { '/sys/fs/cgroup/a/memory.high': `${GIB}\n` }, GIB],
    ['the root of a container', V2, '0::/\n', { '/sys/fs/cgroup/memory.max': `${GIB}\n` }, GIB],
    [
      'a container whose path is that of the host',
      '35 31 0:32 /docker/f00 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory',
      '4:memory:/docker/f00/inner\n',
      { '/sys/fs/cgroup/memory/inner/memory.limit_in_bytes': `${GIB}\n` },
      GIB,
    ],
    [
      'a container whose path is outside of it',
      V2,
      '0::/../elsewhere\n',
      { '/sys/fs/cgroup/memory.max': `${GIB}\n` },
      GIB,
    ],
    [
      'a group of version 1 around its own',
      V1,
      '4:memory:/a/b\n',
      {
        '/sys/fs/cgroup/memory/a/memory.limit_in_bytes': `${GIB}\n`,
        '/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes': '9223372036854771712\n',
      },
      GIB,
    ],
    [
      'a folder with a blank in its name',
      '35 31 0:32 / /sys/fs/c\\040group rw - cgroup cgroup rw,memory',
      '4:memory:/\n',
      { '/sys/fs/c group/memory.limit_in_bytes': `${GIB}\n` },
      GIB,
    ],
  ])('is the memory of %s', (_, mountinfo, groups, limits, expected) => {
    expect(machineWith(mountinfo, groups, limits).memoryBytes).toBe(expected);
  });

  it('is no less than one processor, and part of one counts as one', () => {
    expect(machineWith(V2, '0::/a\n', { '/sys/fs/cgroup/a/cpu.max': '20000 100000\n' }).processors).toBe(1);
    const cpu = '/sys/fs/cgroup/cpu,cpuacct/a';
    const limits = { [`${cpu}/cpu.cfs_quota_us`]: '50000\n', [`${cpu}/cpu.cfs_period_us`]: '100000\n' };
    expect(machineWith(V1, '1:cpu,cpuacct:/a\n', limits).processors).toBe(1);
  });
});

describe('work that needs memory', () => {
  const work = { work: 'training', bytes: 3 * 2 ** 20, remedy: 'lower the batch size' };

  it('may begin where there is enough', () => {
    expect(() => assertMemory(work, { memoryBytes: 5 * 2 ** 20, processors: 1 }, 2 * 2 ** 20)).not.toThrow();
  });

  it('is refused where there is not', () => {
    expect(() => assertMemory(work, { memoryBytes: 5 * 2 ** 20 - 1, processors: 1 }, 2 * 2 ** 20)).toThrow(
      new NotEnoughMemoryError(
        'training needs 3.0 MiB of memory besides the 2.0 MiB in use, expected at most 5.0 MiB in all, the limit of this process: lower the batch size',
      ),
    );
  });
});
