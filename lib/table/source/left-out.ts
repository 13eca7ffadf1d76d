/** Files of a folder that are not read, and why. */
import { dataFormatOf } from '../../contract/bucket.ts';
import { countOf } from '../../numbers/text.ts';

/** Why a file of a folder is not read. */
export type LeftOutReason = keyof typeof LEFT_OUT_REASONS;

/** A file that is not read. */
export interface LeftOut {
  /** Path below the folder; of a folder that is left out as a whole, that folder's. */
  readonly name: string;
  readonly reason: LeftOutReason;
  /** Number of files. */
  readonly files: number;
}

/** What each reason means, for messages. */
export const LEFT_OUT_REASONS = {
  hidden: 'a name that begins with _ or .',
  extension: 'neither Parquet nor CSV by the name',
  partial: 'not complete by the name',
  desktop: 'a file of a desktop system',
  empty: '0 bytes',
  broken: 'a link to nothing',
  again: 'a link to what is read anyway',
  twin: 'the same name as a file beside it in another format',
  rejects: 'the rejects of this run',
  bucket: 'the files of a bucket',
  deleted: 'not in the log of the table',
  unreadable: 'a name that is not UTF-8',
} as const;

const EXAMPLES = 3;
/** Names that desktop systems leave in folders: nobody expects them to be read, or wants to hear of them. */
const DESKTOP = /^(?:\.DS_Store|Thumbs\.db|ehthumbs\.db|desktop\.ini|\.directory|Icon\r|\._.*|~\$.*)$/i;
const PARTIAL = /\.(?:crdownload|part|partial|tmp|temp|filepart|download|opdownload|inprogress|!ut|aria2|_COPYING_)$/i;

/** Whether files of this name are silently passed over. */
export function isDesktopFile(name: string): boolean {
  return DESKTOP.test(name);
}

/** Whether a file or folder is not meant to be read, as Spark and others have it: `_SUCCESS`, `_temporary`, `.x.crc`. */
export function isHidden(name: string): boolean {
  return name.startsWith('.') || (name.startsWith('_') && !name.includes('='));
}

/** Whether a file is still being written, downloaded or copied, by its name. */
export function isPartial(name: string): boolean {
  return PARTIAL.test(name);
}

/** Returns why a file of this name is not read; `null` if it is. */
export function reasonByName(name: string): LeftOutReason | null {
  if (isHidden(name)) return 'hidden';
  if (dataFormatOf(name) !== undefined) return null;
  return isPartial(name) ? 'partial' : 'extension';
}

/** Returns a note for each reason for which files were left out, with their number and some names. */
export function leftOutNotes(all: readonly LeftOut[], place: string): string[] {
  return (Object.keys(LEFT_OUT_REASONS) as LeftOutReason[]).flatMap((reason) => {
    const own = all.filter((one) => one.reason === reason && one.files > 0);
    if (own.length === 0) return [];
    const files = own.reduce((sum, one) => sum + one.files, 0);
    const names = own.slice(0, EXAMPLES).map(({ name }) => JSON.stringify(name).slice(1, -1));
    const more = own.length > EXAMPLES ? ', ...' : '';
    return `left out ${countOf(files, 'file')} of ${place} (${LEFT_OUT_REASONS[reason]}): ${names.join(', ')}${more}`;
  });
}
