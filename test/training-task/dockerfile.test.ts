/** What can be said of the image without building it. */
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { build, type Metafile } from 'esbuild';
import { describe, expect, it } from 'vitest';

interface Instruction {
  readonly name: string;
  readonly value: string;
  /** From 0: the build, then what is shipped. */
  readonly stage: number;
}

function instructions(): Instruction[] {
  const lines = readFileSync('training/Dockerfile', 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line !== '');
  let stage = -1;
  return lines.map((line) => {
    const [, name = '', value = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (name === 'FROM') stage += 1;
    return { name, value, stage };
  });
}

const all = instructions();
const of = (name: string, stage?: number) =>
  all
    .filter((entry) => entry.name === name && (stage === undefined || entry.stage === stage))
    .map(({ value }) => value);

/** The entry as it is bundled, packages aside. */
async function bundled(): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: ['training/main.ts', 'training/monitor.ts'],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    metafile: true,
    outdir: 'unused',
    loader: { '.wasm': 'empty' },
  });
  return metafile;
}

describe('the image', () => {
  it('is of a base of the user, a Node.js that the product supports by default', () => {
    expect(of('ARG', -1)).toEqual(['BASE=node:22-bookworm-slim']);
    expect(of('FROM')).toEqual(['$' + '{BASE} AS build', '$' + '{BASE}']);
  });

  it('knows every instruction that it uses', () => {
    const known = ['ARG', 'FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'VOLUME', 'ENTRYPOINT', 'CMD'];
    expect(all.filter(({ name }) => !known.includes(name))).toEqual([]);
  });

  it('ends as a user without rights, in exec form, with a volume of its own to write on', () => {
    const shipped = all.filter(({ stage }) => stage === 1).map(({ name, value }) => `${name} ${value}`);
    expect(shipped.slice(-4)).toEqual([
      'USER 1000:1000',
      'VOLUME ["/scratch"]',
      'ENTRYPOINT ["node"]',
      'CMD ["dist/training.js"]',
    ]);
    expect(shipped).toContain('RUN mkdir /scratch && chown 1000:1000 /scratch');
  });

  it('takes from the build what runs, and nothing else', () => {
    expect(of('COPY', 1)).toEqual([
      '--from=build /build/package.json ./',
      '--from=build /build/node_modules ./node_modules',
      '--from=build /build/dist ./dist',
      '$' + '{MODEL_FILES} ./models',
    ]);
    expect(of('ARG', 1)).toEqual(['MODEL_FILES=training/models']);
    expect(existsSync('training/models')).toBe(true);
    expect(of('ENV', 1)).toEqual(['NODE_ENV=production SCRATCH=/scratch MODELS=/app/models']);
  });

  it('has every file that the entry imports, and no path that is not there', async () => {
    const copied = of('COPY', 0).flatMap((value) => value.split(' ').slice(0, -1));
    for (const path of copied) expect(existsSync(path), path).toBe(true);
    const { inputs } = await bundled();
    const own = Object.keys(inputs).filter((path) => !path.startsWith('node_modules/'));
    expect(own.length).toBeGreaterThan(100);
    const isCopied = (path: string) => copied.some((folder) => path === folder || path.startsWith(`${folder}/`));
    expect(own.filter((path) => !isCopied(path))).toEqual([]);
  });

  it('has every package that the entry imports, and none that only development needs', async () => {
    expect(of('RUN', 0)[1]).toContain(' && npm prune --omit=dev ');
    const { outputs } = await bundled();
    const imported = Object.values(outputs)
      .flatMap(({ imports }) => imports)
      .filter(({ path, external }) => external && !isBuiltin(path))
      .map(({ path }) => path.split('/', path.startsWith('@') ? 2 : 1).join('/'));
    expect(imported).toContain('onnxruntime-node');
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(imported.filter((name) => !(name in dependencies))).toEqual([]);
  });

  it('adds the second engine where it is asked for, with a library of its own, without what only development needs', () => {
    expect(of('ARG', 0)).toEqual(['TFJS_NODE=false']);
    expect(of('RUN', 0)[2]).toMatch(
      /^if \[ "\$\{TFJS_NODE\}" = true \]; then .* && npm_config_omit=dev bash scripts\/setup-tfjs-node\.sh --copy && /,
    );
  });

  it('is built without local files that do not belong into an image', () => {
    const ignored = readFileSync('.dockerignore', 'utf8').split('\n');
    for (const path of ['node_modules', '.git', 'dist', '.venv*']) expect(ignored).toContain(path);
  });
});

describe('the image with PyTorch', () => {
  const lines = (path: string) =>
    readFileSync(path, 'utf8')
      .replaceAll(/^#.*\n/gm, '')
      .replaceAll(/\\\n\s*/g, '')
      .split('\n');
  const stage = (path: string, from: string) => {
    const all = lines(path);
    const begin = all.findIndex((line) => line.startsWith(`FROM ${from}`));
    const end = all.findIndex((line, index) => index > begin && /^(FROM|ARG) /.test(line));
    return all.slice(begin + 1, end).filter((line) => line !== '');
  };
  const torch = 'training/torch/Dockerfile';

  it('has the program that is built as for the other one', () => {
    expect(stage(torch, '$' + '{NODE}')).toEqual(stage('training/Dockerfile', '$' + '{BASE} AS'));
  });

  it('ends as a user without rights, in exec form, and names the trainer that it copies', () => {
    const all = lines(torch).filter((line) => line !== '');
    expect(all.slice(-3)).toEqual(['USER 1000:1000', 'VOLUME ["/scratch"]', 'ENTRYPOINT ["node", "dist/training.js"]']);
    expect(all).toContain('COPY training/torch/*.py ./training/torch/');
    expect(all.find((line) => line.startsWith('ENV '))).toContain(' TRAINER=/app/training/torch/train.py ');
    expect(existsSync('training/torch/train.py')).toBe(true);
  });
});
