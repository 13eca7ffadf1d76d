/** The commands of examples/own-model/README.md, as they are. */
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { workplace } from '../../bin/workplace.ts';

const place = workplace();

describe('examples/own-model/README.md', () => {
  it('trains and scores a mixture of experts by its commands, and needs its file for the training alone', async () => {
    await cp('examples', place.at('examples'), { recursive: true });
    const readme = await readFile('examples/own-model/README.md', 'utf8');
    const [, block = ''] = /```\n([^`]*)```/.exec(readme) ?? [];
    const commands = block.trim().split('\n');
    expect(commands).toHaveLength(3);
    for (const command of commands) {
      const [npx, name, ...args] = command.split(' ');
      expect([npx, name]).toEqual(['npx', 'entirespace']);
      if (args[0] === 'score') await rm(place.at('examples/own-model'), { recursive: true });
      expect(await place.run(...args), command).toMatchObject({ code: 0 });
    }
    expect(await readdir(place.at('bucket/scores/hillstrom.parquet'))).toContain('_SUCCESS');
    const [facts] = await place.rows(
      `SELECT count(*)::INTEGER AS rows, max(abs(pctcvr / (pctr * pcvr) - 1)) < 1e-5 AS holds
       FROM read_parquet('${place.at('bucket/scores/hillstrom.parquet/part-*.parquet')}')`,
    );
    expect(facts).toEqual({ rows: 64_000, holds: true });
  });
});
