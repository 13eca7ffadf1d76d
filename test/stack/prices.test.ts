import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { costOfRows, idleCost, timeOfRows } from '../../lib/stack/prices.ts';
import { costSection, costSentence } from '../../scripts/write-costs.ts';
import { makeTemplate } from './fixture.ts';

describe('costOfRows', () => {
  // By hand: 2 shards, 1 file, 3 messages; 1,000,000 / 40,000 + 0.5 = 25.5 s.
  const cost = costOfRows({ rows: 1e6, files: 1, rowsPerSecond: 40_000 });

  it('counts memory, scratch disk and requests of the functions', () => {
    expect(cost.lambda).toBeCloseTo(25.5 * (2.9375 * 0.0000166667 + 3.5 * 0.0000000309) + 3 * 2e-7, 9);
  });

  it('counts requests of S3 and SQS, events and the logs', () => {
    expect(cost.s3).toBeCloseTo((2 * 5 + 5) * 5e-6 + (2 * 10 + 8) * 4e-7, 9);
    expect(cost.sqs).toBeCloseTo(3 * 3 * 4e-7, 9);
    expect(cost.events).toBe(1e-6);
    expect(cost.logs).toBeCloseTo(3 * 4000e-9 * 0.5, 9);
    expect(cost.total).toBeCloseTo(cost.lambda + cost.s3 + cost.sqs + cost.events + cost.logs, 12);
  });

  it('asks for one message, seven writes and seven reads for each small file', () => {
    const [one, ten] = [1, 10].map((files) => costOfRows({ rows: 10, files, rowsPerSecond: 1000 }));
    expect(one?.sqs).toBeCloseTo(3 * 4e-7, 12);
    expect(ten?.sqs).toBeCloseTo(10 * (one?.sqs ?? 0), 12);
    expect(one?.s3).toBeCloseTo(7 * 5e-6 + 7 * 4e-7, 12);
    const [small, larger] = [1e5, 1e5 + 1].map((rows) => costOfRows({ rows, files: 1, rowsPerSecond: 1000 }));
    expect(small?.sqs).toBeCloseTo(3 * 4e-7, 12);
    expect(larger?.sqs).toBeCloseTo(6 * 4e-7, 12);
  });
});

describe('timeOfRows', () => {
  it('is bound by the functions where files are large', () => {
    // 25,000 s of scoring and 500 s of requests, ten at a time.
    const time = timeOfRows({ rows: 1e9, files: 1000, rowsPerSecond: 40_000 }, 10);
    expect(time).toMatchObject({ seconds: 2550, binding: 'shards at a time' });
    expect(time.limits['S3 writes under a prefix']).toBeCloseTo((1000 * 5 + 2000 * 5) / 3500, 9);
  });

  it('is bound by how fast Lambda starts functions where many may run', () => {
    // The same 25,500 s: 5 t + 2.5 t² of them are done after t = 100 s.
    const time = timeOfRows({ rows: 1e9, files: 1000, rowsPerSecond: 40_000 }, 1000);
    expect(time).toMatchObject({ seconds: 100, binding: 'start of functions' });
    expect(time.limits['shards at a time']).toBe(25.5);
  });

  it('handles ten small files one after the other, and the next ten beside them', () => {
    const [ten, twenty] = [10, 20].map((files) => timeOfRows({ rows: 0, files, rowsPerSecond: 1 }, 100).seconds);
    expect([ten, twenty]).toEqual([5, 5]);
  });

  it('is bound by S3 where many functions write many small files', () => {
    const time = timeOfRows({ rows: 1e6, files: 1e6, rowsPerSecond: 1e6 }, 10_000);
    expect(time).toMatchObject({ binding: 'S3 writes under a prefix', seconds: 7e6 / 3500 });
  });

  it('has no more functions at work than there are shards', () => {
    expect(timeOfRows({ rows: 1e6, files: 1, rowsPerSecond: 100_000 }, 1000).seconds).toBe(5.25);
  });
});

describe('an idle stack', () => {
  const template = makeTemplate({ filesByHour: 6 });
  const resources = template.toJSON().Resources as Record<string, { Type: string }>;

  it('has nothing that is paid by the hour', () => {
    // Each is free, or paid by use, or by the month and counted below.
    const types = new Set(Object.values(resources).map(({ Type }) => Type));
    expect([...types].sort()).toEqual([
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::Dashboard',
      'AWS::Events::Rule',
      'AWS::IAM::Role',
      'AWS::Lambda::EventSourceMapping',
      'AWS::Lambda::Function',
      'AWS::Lambda::Permission',
      'AWS::Logs::LogGroup',
      'AWS::S3::Bucket',
      'AWS::S3::BucketPolicy',
      'AWS::SNS::Topic',
      'AWS::SNS::TopicPolicy',
      'AWS::SQS::Queue',
      'AWS::SQS::QueuePolicy',
    ]);
  });

  it('costs this by the month', () => {
    const items = Object.fromEntries(
      idleCost({ Resources: resources }).map(({ what, perMonth }) => [what, Number(perMonth.toFixed(2))]),
    );
    expect(items).toEqual({
      dashboard: 3,
      // Seven alarms; the one over errors has six metrics.
      alarms: 1.2,
      'metrics of its own': 3,
      // 2 queues x 648,000 polls x 0.40 a million.
      'polling of the queues': 0.52,
      'reconcile, every 15 minutes': 0.1,
    });
  });

  it('costs nothing but storage with the data part alone', () => {
    expect(
      idleCost(makeTemplate({ parts: ['data'] }).toJSON() as { Resources: Record<string, { Type: string }> }),
    ).toEqual([]);
  });
});

it('the costs in docs/operate.md and the README are made from these prices', () => {
  expect(readFileSync('docs/operate.md', 'utf8')).toContain(costSection());
  expect(readFileSync('README.md', 'utf8')).toContain(costSentence());
});
