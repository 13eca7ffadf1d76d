import { describe, expect, it } from 'vitest';
import { DECLARATION } from './small-log.ts';
import { until, workplace } from './workplace.ts';

const place = workplace();

/** What a command could leave behind in its process. */
function processState() {
  const listeners = ['exit', 'SIGINT', 'SIGTERM', 'uncaughtException', 'unhandledRejection', 'warning'];
  return {
    exitCode: process.exitCode,
    cwd: process.cwd(),
    environment: { ...process.env },
    listeners: Object.fromEntries(listeners.map((event) => [event, process.listenerCount(event)])),
    output: [process.stdout.listenerCount('error'), process.stderr.listenerCount('error')],
  };
}

describe('run', () => {
  it.each([
    ['a success', ['validate', 'shop.yaml', '--data', 'log.csv'], 0],
    ['bad data', ['validate', 'shop.yaml', '--data', 'absent.csv'], 4],
    ['a mistake', ['train', '--colour'], 2],
    ['help', ['score', '--help'], 0],
  ])('leaves its process as it was after %s', async (_what, args, code) => {
    // What the first use of a library registers for the life of the process is not the command's.
    await place.run(...args);
    const before = processState();
    expect(await place.run(...args)).toMatchObject({ code });
    expect(processState()).toEqual(before);
  });

  it('stops after the work under way at a signal, and at once at a second one', async () => {
    await place.write('long.yaml', DECLARATION.replace('epochs: 2', 'epochs: 10000'));
    const { done, stderr, signal } = place.start(['train', 'long.yaml', '--data', 'log.csv']);
    await until(() => stderr().includes('epoch 2/'));
    signal('SIGTERM');
    expect(() => signal('SIGINT')).toThrow('exit 130 was asked for');
    const { code, stdout, stderr: said } = await done;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(said.split('\n').slice(-4)).toEqual([
      '',
      'stopping after the work under way (again: at once)',
      'entirespace: interrupted: nothing was published, what was complete before stays',
      '',
    ]);
    expect(await place.listing('bucket')).toEqual([]);
  });
});
