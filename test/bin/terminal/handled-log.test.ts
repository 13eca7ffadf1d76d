import { beforeEach, describe, expect, it } from 'vitest';
import { handledLog } from '../../../bin/terminal/handled-log.ts';
import { collector } from './collector.ts';

const bucket = 's3://shop';
const key = 'candidates/today.csv';
const source = '0123456789abcdef';

const stdout = collector();
const stderr = collector();
const io = { stdout: stdout.stream, stderr: stderr.stream };
const out = stdout.chunks;
const err = stderr.chunks;

beforeEach(() => {
  out.length = 0;
  err.length = 0;
});

describe('the log for a person', () => {
  const log = handledLog(io, { json: false, bucket });

  it('has a line for each file that is planned or has ended', () => {
    const files = [
      { status: 'planned', key, source, rows: 1_000, shards: 2, sent: 2 },
      { status: 'ignored', key: 'candidates/late.csv', reason: 'empty' },
      { status: 'ignored', key: 'scores/_SUCCESS', reason: null },
      { status: 'superseded', key, source },
      { status: 'refused', key: 'candidates/a.txt', message: 'candidate key ends in .txt' },
    ];
    log.info('arrival handled', { messageId: 'a', files });
    log.info('shard handled', { messageId: 'b', key, source, shard: 0, status: 'open', done: 1, shards: 2 });
    log.info('shard handled', {
      key,
      source,
      shard: 1,
      status: 'succeeded',
      rowsIn: 1_000,
      scored: 998,
      rejected: 2,
      notes: ['item: 100% unknown (0% in training)'],
    });
    log.info('shard handled', { key, source, shard: 1, status: 'failed', reason: 'not_csv', message: 'it is not CSV' });
    expect(out).toEqual([
      'candidates/today.csv: 1,000 rows planned\n',
      'candidates/late.csv: left out: 0 bytes\n',
      'candidates/today.csv: 998 rows scored, 2 rejected -> s3://shop/scores/today.csv/\n',
      'note: candidates/today.csv: item: 100% unknown (0% in training)\n',
    ]);
    expect(err).toEqual([
      'entirespace: candidate key ends in .txt\n',
      'entirespace: it is not CSV -> s3://shop/scores/today.csv/_FAILED.json\n',
    ]);
  });

  it('has a line for each dead letter, and none where there are none', () => {
    log.info('reconciled', { deadLetters: 0, failed: [], resent: [], unreadable: [] });
    log.info('reconciled', { deadLetters: 2, failed: [source], resent: [], unreadable: ['message is not JSON'] });
    expect({ out, err }).toEqual({
      out: [],
      err: [
        'entirespace: dead letter: the file of source 0123456789abcdef has failed\n',
        'entirespace: dead letter: message is not JSON\n',
      ],
    });
  });

  it('has the reason of an error', () => {
    log.error('shard failed', { messageId: 'a', error: new Error('disk is full') });
    expect(err).toEqual(['entirespace: shard failed: disk is full\n']);
  });

  it('has all that is known of a fault without an error', () => {
    log.error('events not sent', { events: 2, why: 'event bus default: socket hang up' });
    expect(err).toEqual(['entirespace: events not sent: {"events":2,"why":"event bus default: socket hang up"}\n']);
  });
});

describe('the log for a program', () => {
  const log = handledLog(io, { json: true, bucket });

  it('has a line of JSON for each entry', () => {
    log.info('shard handled', { messageId: 'a', status: 'open' });
    log.error('shard failed', { messageId: 'b', error: new Error('disk is full') });
    expect({ out, err }).toEqual({
      out: [
        '{"level":"info","message":"shard handled","messageId":"a","status":"open"}\n',
        '{"level":"error","message":"shard failed","messageId":"b","error":"disk is full"}\n',
      ],
      err: [],
    });
  });
});
