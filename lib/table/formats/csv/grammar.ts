/** The grammar of CSV as tables: kinds of bytes, and the state after each kind of byte in each state. */

/** How the records of a CSV file are written. All characters are ASCII. */
export interface Writing {
  readonly delimiter: string;
  /** Character around fields; `null` if there is none. */
  readonly quote: string | null;
  /** Character that takes the meaning of the next one, besides quotes being doubled; `null` if there is none. */
  readonly escaping: string | null;
  /** Whether the escape has its meaning in quoted fields alone, as Spark writes, or everywhere, as Hive and MySQL do. */
  readonly escapesIn: 'quotes' | 'fields';
  /** Whether lines end with LF or CRLF, or with CR alone. */
  readonly lineEnd: 'lf' | 'cr';
}

const KINDS = ['ordinary', 'lineEnd', 'cr', 'delimiter', 'quote', 'escape', 'blank', 'foreignQuote'] as const;
type Kind = (typeof KINDS)[number];

const STATES = ['start', 'blanks', 'unquoted', 'quoted', 'closed', 'after', 'escaped', 'escapedInQuotes'] as const;
type State = (typeof STATES)[number];

const ACTIONS = ['none', 'field', 'end', 'unusual', 'misplaced', 'lineBreak', 'carriageReturn'] as const;
type Action = (typeof ACTIONS)[number];

const stateNumber = (state: State) => STATES.indexOf(state);
const actionNumber = (action: Action) => ACTIONS.indexOf(action) << 3;

/** Numbers of the states and actions of a step, which is a state in the lower three bits and an action above. */
export const STEP = {
  stateMask: 0b111,
  actionMask: 0b111000,
  start: stateNumber('start'),
  blanks: stateNumber('blanks'),
  unquoted: stateNumber('unquoted'),
  quoted: stateNumber('quoted'),
  closed: stateNumber('closed'),
  escapedInQuotes: stateNumber('escapedInQuotes'),
  /** A delimiter: another field begins. */
  field: actionNumber('field'),
  /** DuckDB would read the record otherwise. */
  unusual: actionNumber('unusual'),
  /** There is text after the quote that closes a field. */
  misplaced: actionNumber('misplaced'),
  /** The record has a line break inside. */
  lineBreak: actionNumber('lineBreak'),
  /** A carriage return outside quotes, which is part of a line end or not. */
  carriageReturn: actionNumber('carriageReturn'),
} as const;

type Step = State | readonly [State, Action];
type Steps = Readonly<Record<State, Readonly<Record<Kind, Step>>>>;

const END = ['start', 'end'] as const;
const FIELD = ['start', 'field'] as const;

function stepsWithEscapes(inFields: boolean): Steps {
  const cr = (state: State) => [state, 'carriageReturn'] as const;
  const begun = {
    ordinary: 'unquoted',
    lineEnd: END,
    delimiter: FIELD,
    escape: (inFields ? ['escaped', 'unusual'] : 'unquoted') satisfies Step as Step,
  } as const;
  const strayQuotes = { quote: ['unquoted', 'unusual'], foreignQuote: ['unquoted', 'unusual'] } as const;
  const { foreignQuote } = strayQuotes;
  const ended = { ordinary: ['unquoted', 'misplaced'], escape: ['unquoted', 'misplaced'] } as const;
  const closed = {
    ...ended,
    lineEnd: END,
    delimiter: FIELD,
    blank: ['after', 'unusual'],
    foreignQuote: ended.ordinary,
  } as const;
  const quoted = {
    ordinary: 'quoted',
    lineEnd: ['quoted', 'lineBreak'],
    cr: 'quoted',
    delimiter: 'quoted',
    quote: 'closed',
    escape: ['escapedInQuotes', 'unusual'],
    blank: 'quoted',
    foreignQuote: 'quoted',
  } as const;
  return {
    start: { ...begun, cr: cr('start'), quote: 'quoted', blank: 'blanks', foreignQuote },
    blanks: { ...begun, cr: cr('blanks'), quote: ['quoted', 'unusual'], blank: 'blanks', foreignQuote },
    unquoted: { ...begun, cr: cr('unquoted'), ...strayQuotes, blank: 'unquoted' },
    quoted,
    closed: { ...closed, cr: cr('closed'), quote: 'quoted' },
    after: { ...closed, cr: cr('closed'), quote: ended.ordinary },
    escaped: {
      ordinary: 'unquoted',
      lineEnd: ['unquoted', 'lineBreak'],
      cr: 'escaped',
      delimiter: 'unquoted',
      quote: 'unquoted',
      escape: 'unquoted',
      blank: 'unquoted',
      foreignQuote: 'unquoted',
    },
    escapedInQuotes: { ...quoted, quote: 'quoted', escape: 'quoted' },
  };
}

function table(steps: Steps): Uint8Array {
  const numbers = new Uint8Array(STATES.length * KINDS.length);
  for (const [s, state] of STATES.entries())
    for (const [k, kind] of KINDS.entries()) {
      const step = steps[state][kind];
      const [next, action] = typeof step === 'string' ? ([step, 'none'] as const) : step;
      numbers[(s << 3) | k] = stateNumber(next) | actionNumber(action);
    }
  return numbers;
}

/** The step for a byte of kind `k` in state `s` is at `s << 3 | k`, by where escapes have their meaning. */
export const NEXT_STATE: Readonly<Record<Writing['escapesIn'], Uint8Array>> = {
  quotes: table(stepsWithEscapes(false)),
  fields: table(stepsWithEscapes(true)),
};

/** Returns the kind of each of the 256 bytes. */
export function byteKinds({ delimiter, quote, escaping, lineEnd }: Writing): Uint8Array {
  const kinds = new Uint8Array(256);
  const set = (character: string, kind: Kind) => {
    kinds[character.charCodeAt(0)] = KINDS.indexOf(kind);
  };
  set(' ', 'blank');
  set('\t', 'blank');
  set('\n', 'lineEnd');
  set('\r', lineEnd === 'cr' ? 'lineEnd' : 'cr');
  // The clean text has quotes even if the file has none.
  if (quote === null) set('"', 'foreignQuote');
  if (escaping !== null) set(escaping, 'escape');
  if (quote !== null) set(quote, 'quote');
  set(delimiter, 'delimiter');
  return kinds;
}

/** What `plainFields` has for a byte that is neither a delimiter nor in a field without quotes and escapes. */
export const NOT_PLAIN = 2;

/** Returns for each of the 256 bytes how many fields end with it: 1 for a delimiter, 0 for what is in plain fields. */
export function plainFields(writing: Writing): Uint8Array {
  const fields: Partial<Record<Kind, number>> = { ordinary: 0, blank: 0, delimiter: 1 };
  return byteKinds(writing).map((kind) => fields[KINDS[kind] as Kind] ?? NOT_PLAIN);
}
