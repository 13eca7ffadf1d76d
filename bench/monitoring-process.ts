/** Runs monitoring in a process of its own, and prints its time and the largest resident set that it had. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDeclaration } from '../lib/config/parse-declaration.ts';
import { monitor } from '../lib/monitor/run/monitor.ts';
import { openStore } from '../lib/store/open-store.ts';

const [folder = '', memory, now] = process.argv.slice(2);

const declaration = parseDeclaration(
  `name: shop
stages: { click: { label: click }, conversion: { label: conversion, at: converted_at, within: 2d } }
log: { keys: [user_id, item_id], time: time, outcomes: [spend] }
features: { f0: { type: number, entity: item } }
report: { segments: [country] }
monitoring: { money: spend }
`,
  'shop.yaml',
);

const scratch = join(folder, 'scratch');
await mkdir(scratch, { recursive: true });
const started = performance.now();
const { verdict, history } = await monitor({
  store: openStore(join(folder, 'bucket')),
  declaration,
  dataPath: join(folder, 'logs'),
  scratch,
  threads: 1,
  memoryLimitMiB: Number(memory),
  now: new Date(Number(now)),
  usdPerSecond: null,
});
const unscored = history.days.reduce((sum, { outcomes }) => sum + (outcomes?.unscored ?? 0), 0);
// Resource usage counts KiB on Linux, as GNU time does.
const peak = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(
  `${Math.round((performance.now() - started) / 1000)} s, ${peak} MiB at most, ${unscored} outcomes without a score, ${verdict.level}`,
);
