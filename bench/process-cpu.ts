/** CPU time of other processes, as Linux has it. */
import { readdirSync, readFileSync } from 'node:fs';

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  readonly seconds: number;
}

// Linux gives times to programs in hundredths of a second, whatever its own clock is (USER_HZ).
const TICKS_PER_SECOND = 100;

/** Seconds of CPU, user and system, that a process and all its living descendants have used; NaN where not on Linux. */
export function cpuSecondsOf(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN;
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(statOf);
  const family = new Set([pid]);
  // A child may be listed before its parent, and families are few generations deep.
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const { pid: child, parent } of all) if (family.has(parent)) family.add(child);
  }
  return all.filter((process) => family.has(process.pid)).reduce((sum, { seconds }) => sum + seconds, 0);
}

/** Of proc(5): the fields behind the command's name, which may have spaces and brackets, from the state on. */
function statOf(pid: string): ProcessStat[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [parent, user, system] = [fields[1], fields[11], fields[12]].map(Number) as [number, number, number];
    return [{ pid: Number(pid), parent, seconds: (user + system) / TICKS_PER_SECOND }];
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
