/**
 * A lock between processes: a file that says who holds it, made visible with its content by link(2), which fails where
 * the name is taken. The lock of a process that died is taken over.
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../errno.ts';

interface Owner {
  readonly host: string;
  readonly pid: number;
  /** Start of the process, which differs for two that had the same pid; `null` where the system does not say. */
  readonly started: string | null;
  /** Differs for two holders within one process. */
  readonly token: string;
}

/**
 * Runs `action` while holding the lock file at `path`, whose folder exists.
 * @throws {Error} where a living process, or one of another host, holds the lock for longer than `waitMs`.
 */
export async function withFileLock<T>(path: string, waitMs: number, action: () => Promise<T>): Promise<T> {
  await acquire(path, waitMs);
  try {
    return await action();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(path: string, waitMs: number): Promise<void> {
  const deadline = Date.now() + waitMs;
  for (let pauseMs = 1; !(await tryLink(path)); pauseMs = Math.min(2 * pauseMs, 50)) {
    const owner = await readOwner(path);
    if (Date.now() >= deadline) throw new Error(waitedTooLong(path, owner, waitMs));
    if (owner !== null && (await isDead(owner))) await breakLock(path, owner);
    // Random, so that waiting processes do not meet again and again.
    else await sleep(pauseMs * (0.5 + Math.random()));
  }
}

/** Whether the lock file is now ours. */
async function tryLink(path: string): Promise<boolean> {
  const token = randomUUID();
  const owner: Owner = { host: hostname(), pid: process.pid, started: await startOf(process.pid), token };
  const candidate = `${path}.${token}`;
  await writeFile(candidate, JSON.stringify(owner));
  try {
    await link(candidate, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(candidate, { force: true });
  }
}

/**
 * Removes a dead owner's lock. Two processes may both have found the owner dead, and the slower one must not remove the
 * lock of the faster: the check and the removal happen under a second lock.
 */
async function breakLock(path: string, dead: Owner): Promise<void> {
  const guard = `${path}.takeover`;
  if (!(await tryLink(guard))) return void (await sleep(5));
  try {
    if ((await readOwner(path))?.token === dead.token) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

async function readOwner(path: string): Promise<Owner | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

async function isDead(owner: Owner): Promise<boolean> {
  if (owner.host !== hostname()) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    // EPERM means that the process lives and belongs to another user.
    return hasCode(error, 'ESRCH');
  }
  const started = await startOf(owner.pid);
  return owner.started !== null && started !== null && owner.started !== started;
}

/** Start of a process in clock ticks since boot, field 22 of proc(5)'s stat; `null` without `/proc`. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field, the command in parentheses, may itself hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function waitedTooLong(path: string, owner: Owner | null, waitMs: number): string {
  const holder = owner === null ? 'others in turn' : `process ${owner.pid} on ${owner.host}`;
  return `lock ${path} is held by ${holder}, waited ${waitMs} ms (remove the file if that process is gone)`;
}
