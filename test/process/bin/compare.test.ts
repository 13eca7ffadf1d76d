/** A comparison that is ended from outside, whose threads are inside of onnxruntime most of the time. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { workplace } from '../../bin/workplace.ts';
import { processes, type RunningProcess } from './processes.ts';

const place = workplace();
const { start } = processes(place);
const compare = (out: string) =>
  start('compare', 'shop.yaml', '--data', 'log.csv', '--models', 'base', '--seeds', '6', '--trials', '1', '--out', out);
const comparisonIn = (out: string) => readFile(place.at(out, 'comparison.json'), 'utf8');
const STOPPING = '\nstopping after the work under way (again: at once)\n';

/** Waits until a process has written a text to standard error. */
function seen({ child }: RunningProcess, text: string): Promise<void> {
  return new Promise((found) => {
    let output = '';
    child.stderr?.on('data', (data) => {
      output += data;
      if (output.includes(text)) found();
    });
  });
}

describe('a comparison', () => {
  it('stops after the steps under way at SIGINT, and at once at a second one', async () => {
    const running = compare('whole');
    await seen(running, 'run 7/18');
    const stopping = seen(running, STOPPING);
    running.child.kill('SIGINT');
    await stopping;
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.done;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).not.toContain('terminate called');
    expect(await compare('whole').done).toMatchObject({ code: 0 });
  });

  it('gives the same file after SIGKILL as without', async () => {
    const running = compare('killed');
    await seen(running, 'run 8/18');
    running.child.kill('SIGKILL');
    expect((await running.done).code).toBe(null);
    const { code, stderr } = await compare('killed').done;
    expect(code).toBe(0);
    expect(stderr).toMatch(/\nkilled has \d+ recorded runs: /);
    expect(stderr).not.toContain('run 1/18');
    expect(await comparisonIn('killed')).toBe(await comparisonIn('whole'));
  });
});
