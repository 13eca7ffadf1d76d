/** The name of a model after its log. */
import { basename, dirname } from 'node:path';

/** Names of files and folders that say nothing of what is in them. */
const GENERIC = /^(data|logs?|train|training|part|parquet|csv|output|out|input|tmp|impressions?|\.|)$/;

/** Returns the name of a log's file, or of the first folder above it with a telling name, as the name of a model. */
export function modelNameOf(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    const name = basename(at)
      .replace(/(\.(parquet|parq|pq|csv|tsv|txt|gz))+$/i, '')
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '');
    if (name !== '' && !GENERIC.test(name) && !/^(part|dt|date)-/.test(name)) return name;
    if (dirname(at) === at) return 'model';
  }
}
