import { describe, expect, it } from 'vitest';
import { parseDeclaration } from '../../../lib/config/parse-declaration.ts';
import { declare, mistakesIn } from '../declare.ts';

const parse = (csv: string) => parseDeclaration(declare({ csv }), 'entirespace.yaml').csv;

describe('the section csv', () => {
  it('has the declared values', () => {
    const csv = parse(
      `{ delimiter: ";", quote: null, escape: '\\', header: [row, age], encoding: latin1, decimal: ",", null_values: ["-"] }`,
    );
    expect(csv).toEqual({
      delimiter: ';',
      quote: null,
      escape: '\\',
      header: ['row', 'age'],
      encoding: 'latin1',
      decimal: ',',
      nullValues: ['-'],
    });
  });

  it.each([
    { written: '"\\t"', delimiter: '\t' },
    { written: '\\t', delimiter: '\t' },
    { written: '"\\x01"', delimiter: '\x01' },
    { written: "'\\x01'", delimiter: '\x01' },
    { written: '"|"', delimiter: '|' },
  ])('has the delimiter of $written', ({ written, delimiter }) => {
    expect(parse(`{ delimiter: ${written} }`).delimiter).toBe(delimiter);
  });

  it.each([
    { csv: '{ delimiter: "||" }', mistake: 'csv.delimiter: got "||", expected one ASCII character' },
    { csv: '{ delimiter: "\\n" }', mistake: 'csv.delimiter: got "\\n", expected one ASCII character' },
    { csv: '{ delimiter: "é" }', mistake: 'csv.delimiter: got "é", expected one ASCII character' },
    { csv: '{ delimiter: null }', mistake: 'csv.delimiter: got null, expected one ASCII character' },
    { csv: '{ quote: "" }', mistake: 'csv.quote: got "", expected one ASCII character, or null for none' },
    { csv: '{ escape: no }', mistake: 'csv.escape: got "no", expected one ASCII character, or null for none' },
    {
      csv: '{ header: [a, a] }',
      mistake: 'csv.header: got a list, expected true, false or a list of column names, each once',
    },
    {
      csv: '{ encoding: utf-9 }',
      mistake: 'csv.encoding: got "utf-9", expected an encoding such as utf-8, utf-16le, windows-1252 or shift_jis',
    },
    { csv: '{ decimal: ";" }', mistake: 'csv.decimal: got ";", expected one of ".", ","' },
    { csv: '{ null_values: [1] }', mistake: 'csv.null_values[0]: got 1, expected a text' },
    {
      csv: '{ delimiter: ";", quote: ";" }',
      mistake: 'csv.delimiter: got ";", which is csv.quote too, expected another character',
    },
  ])('refuses $csv', ({ csv, mistake }) => {
    expect(mistakesIn({ csv })).toEqual([mistake]);
  });
});
