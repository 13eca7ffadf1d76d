/** A declaration as `init` drafts it: what goes into the file, and why. */
import type { ColumnFacts } from '../table/profile/column-facts.ts';

/** What is known of a log before anything is guessed. */
export interface LogProfile {
  /** Path of the log, as the user gave it. */
  readonly source: string;
  /** Rows of the log, and of the sample that its columns were measured on. */
  readonly logRows: number;
  readonly rows: number;
  readonly columns: readonly ColumnFacts[];
  /** Columns that a declaration cannot name or read, and why. */
  readonly unreadable: readonly { readonly name: string; readonly why: string }[];
}

/** A stage of the funnel. */
export interface StageDraft {
  readonly name: string;
  readonly label: string;
  /** Name of the stage before; `null` for the root. */
  readonly from: string | null;
  /** Share of all rows with this label but not the one before; 0 if there are none. */
  readonly inconsistent: number;
  /** Rows that reached the stage, in the sample, and those that could. */
  readonly ones: number;
  readonly before: number;
}

/** A column that is used, and why it was chosen. */
export interface ChosenColumn {
  readonly column: string;
  readonly why: string;
}

/** A feature: its keys besides `column`, `type` and `entity` are text of YAML. */
export interface FeatureDraft {
  readonly name: string;
  readonly column: string;
  readonly type: 'category' | 'number' | 'bag' | 'vector';
  readonly entity: 'user' | 'item' | 'context';
  readonly members: Readonly<Record<string, string>>;
  readonly why: string;
}

/** A column that is not used, and why. */
export interface LeftOutColumn {
  readonly column: string;
  readonly why: string;
}

/** A table that several features share. */
export interface TableDraft {
  readonly name: string;
  readonly members: Readonly<Record<string, string>>;
  readonly why: string;
}

/** A section of YAML on one line, and why. */
export interface SectionDraft {
  readonly text: string;
  readonly why: string;
}

/** A whole declaration, with the reason of each part. */
export interface Draft {
  readonly name: string;
  readonly source: string;
  readonly rows: number;
  readonly sampledRows: number;
  readonly stages: readonly StageDraft[];
  readonly keys: readonly string[];
  readonly keysWhy: string;
  readonly time: ChosenColumn | null;
  readonly group: ChosenColumn | null;
  /** Columns that are known only after the impression. */
  readonly outcomes: readonly LeftOutColumn[];
  /** The section `split`, `keys` for a hash of the keys; `null` for the default. */
  readonly split: SectionDraft | null;
  readonly model: SectionDraft | null;
  readonly training: SectionDraft | null;
  /** Share of bad rows that the file allows; `null` if no row is bad. */
  readonly maxRejected: { readonly share: number; readonly why: string } | null;
  /** Whether numbers have a comma as their decimal mark. */
  readonly decimalComma: boolean;
  readonly tables: readonly TableDraft[];
  readonly features: readonly FeatureDraft[];
  readonly leftOut: readonly LeftOutColumn[];
  /** Columns that the user's and the item's tables would have as their keys. */
  readonly entities: { readonly user: string | null; readonly item: string | null };
}

/** What the user says instead of a guess. */
export interface Choices {
  /** Column of a stage's label, by the stage's name. */
  readonly labels: ReadonlyMap<string, string>;
  readonly keys: readonly string[];
  readonly time: string | null;
  readonly group: string | null;
  readonly name: string | null;
}

/** A guess of which the data leave a doubt. */
export interface Doubt {
  /** The choice that would settle it: a stage's label, the time or the group. */
  readonly about: { readonly label: string } | 'time' | 'group';
  readonly question: string;
  readonly guess: string;
  /** Columns that it could be as well. */
  readonly others: readonly string[];
}
