import { describe, expect, it } from 'vitest';
import { MAX_RECORD_BYTES } from '../../../../lib/table/formats/csv/faults.ts';
import { quoteRecord, splitRecord } from '../../../../lib/table/formats/csv/fields.ts';
import type { Writing } from '../../../../lib/table/formats/csv/grammar.ts';
import { scanRecords } from '../../../../lib/table/formats/csv/scan.ts';

/** CSV as RFC 4180 has it. */
const RFC: Writing = { delimiter: ',', quote: '"', escaping: null, escapesIn: 'quotes', lineEnd: 'lf' };

async function* blocksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function scan(
  bytes: Buffer,
  { blockBytes = 1 << 20, fields = 2, ...writing }: Partial<Writing & { blockBytes: number; fields: number }> = {},
) {
  const records: { text: string; at: number; fault?: string }[] = [];
  for await (const block of scanRecords(blocksOf(bytes, blockBytes), { ...RFC, ...writing }, { fields })) {
    for (let i = 0; i < block.count; i += 1) {
      const [start, end] = [block.starts[i] ?? 0, block.ends[i] ?? 0];
      const fault = block.faults.get(i);
      const name = fault?.kind === 'malformed' ? `${fault.reason}: ${fault.value}` : fault?.kind;
      const text = block.bytes.toString('utf8', start, end);
      records.push({ text, at: block.offset + start, ...(name === undefined ? {} : { fault: name }) });
    }
  }
  return records;
}

describe('records of CSV', () => {
  it.each([
    { name: 'end at LF, CRLF and the end of the file', text: 'a,1\nb,2\r\nc,3', records: ['a,1', 'b,2', 'c,3'] },
    {
      name: 'may have line ends and doubled quotes inside quotes',
      text: '"a\r\n""x""\n",1\nb,2\n',
      records: ['"a\r\n""x""\n",1', 'b,2'],
    },
    { name: 'are not blank lines', text: '\n\r\na,1\n\n\r\nb,2\n\n', records: ['a,1', 'b,2'] },
    { name: 'may have empty fields', text: ',\n"",""\n', records: [',', '"",""'] },
    { name: 'are none in an empty body', text: '', records: [] },
  ])('$name', async ({ text, records }) => {
    expect((await scan(Buffer.from(text))).map((record) => record.text)).toEqual(records);
  });

  it.each([
    { name: 'too few fields', text: 'a\n', fault: 'field_count: 1 field' },
    { name: 'too many fields', text: 'a,b,c\n', fault: 'field_count: 3 fields' },
    { name: 'text after a closing quote', text: '"a"b,1\n', fault: 'quote_misplaced: "a"b,1' },
    { name: 'a carriage return after a closing quote', text: '"a"\rb,1\n', fault: 'quote_misplaced: "a"\rb,1' },
    { name: 'a quote inside an unquoted field', text: 'a"b,1\n', fault: 'unusual' },
    { name: 'a lone carriage return', text: 'a\rb,1\n', fault: 'unusual' },
  ])('have a fault for $name', async ({ text, fault }) => {
    expect((await scan(Buffer.from(`x,0\n${text}y,2\n`))).map((record) => record.fault)).toEqual([
      undefined,
      fault,
      undefined,
    ]);
  });

  it('have a fault if their bytes are not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('é,1\n'), Buffer.from([0xe9]), Buffer.from(',2\nz,3\n')]);
    expect((await scan(bytes)).map((record) => record.fault)).toEqual([undefined, 'not_utf8: \ufffd,2', undefined]);
  });

  it('are the same for blocks of any size', async () => {
    const bytes = Buffer.from('a,1\r\n"b\n""é",2\n\nc,3,4\r\nd"e,5\nf\rg,6\n"h"i,7\nj,"8"');
    const whole = await scan(bytes);
    expect(whole.length).toBe(7);
    for (let blockBytes = 1; blockBytes < bytes.length; blockBytes += 1)
      expect(await scan(bytes, { blockBytes })).toEqual(whole);
  });

  it.each([
    { name: 'at the end', text: 'a,1\n"b,2\n', at: [1], records: 2 },
    { name: 'before the end', text: 'a,1\n"b,2\nc,3\nd,4\n', at: [1], records: 4 },
    { name: 'before another quoted field', text: 'a,"1\nb,2\nc,3\nd,"4,5"\n', at: [0], records: 4 },
    { name: 'in several records', text: 'a,"1\nb,2\nc,"3\nd,4\ne,"5"\n', at: [0, 2], records: 5 },
  ])('are malformed one by one if a quote is not closed $name', async ({ text, at, records }) => {
    const found = await scan(Buffer.from(text));
    expect(found.map((record) => record.text)).toEqual(text.split('\n').slice(0, records));
    expect(found.flatMap(({ fault }, index) => (fault?.startsWith('quote_not_closed: ') ? index : []))).toEqual(at);
    expect(found.filter(({ fault }) => fault !== undefined).length).toBe(at.length);
  });

  it('are malformed as a whole if a quoted text with line breaks has a fault', async () => {
    const found = await scan(Buffer.from('a,1\n"b\nmore text, and\nmore",2,3\nc,4\n'));
    expect(found.map(({ fault }) => fault)).toEqual([undefined, 'field_count: 3 fields', undefined]);
  });

  it.each([1 << 16, 1 << 20, 1 << 30])('that are too long are malformed, in blocks of %i bytes', async (blockBytes) => {
    const long = 'x'.repeat(MAX_RECORD_BYTES + 10);
    const found = await scan(Buffer.from(`a,1\n"${long}",2\nb,3\n${long},4\n"c\nd",5\n`), { blockBytes });
    expect(found.map(({ fault }) => fault)).toEqual([
      undefined,
      'record_too_long: 2.0 MiB',
      undefined,
      'record_too_long: 2.0 MiB',
      undefined,
    ]);
  });

  it.each([1 << 16, 1 << 20, 1 << 30])(
    'are found after a quote that is not closed for megabytes, in blocks of %i bytes',
    async (blockBytes) => {
      const lines = Array.from({ length: 20_000 }, (_, i) => `${'x'.repeat(120)} ${i},${i}`);
      lines[100] = '"value 100,100';
      const found = await scan(Buffer.from(`${lines.join('\n')}\n`), { blockBytes });
      expect(found.length).toBe(20_000);
      expect(found.flatMap(({ fault }, index) => (fault === undefined ? [] : `${index} ${fault}`))).toEqual([
        '100 quote_not_closed: "value 100,100',
      ]);
    },
  );
});

it('records without an end are refused', async () => {
  const block = Buffer.alloc(2 ** 24, 'x');
  const records = scanRecords(
    blocksOf(Buffer.concat([Buffer.from('a,1\n"'), block, block, block, block]), 2 ** 24),
    RFC,
    {
      fields: 2,
    },
  );
  await expect(async () => {
    for await (const { count } of records) expect(count).toBeLessThan(2);
  }).rejects.toThrow('record 1 does not end');
});

describe('the fields', () => {
  it.each([
    { record: 'a,b', fields: ['a', 'b'] },
    { record: ',', fields: ['', ''] },
    { record: '', fields: [''] },
    { record: '"a,""b""\n",c', fields: ['a,"b"\n', 'c'] },
    { record: 'a"b, c ', fields: ['a"b', ' c '] },
  ])('of $record are split, and stay the same when they are quoted', ({ record, fields }) => {
    expect(splitRecord(record, RFC)).toEqual(fields);
    expect(splitRecord(quoteRecord(fields, RFC), RFC)).toEqual(fields);
  });
});
