/** The rooms and their doors: which room may import which other, and through which room each outside library enters. */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

/** A room may import the rooms above it in this list, and itself. */
const ROOMS = [
  'lib/contract',
  'lib/numbers',
  'lib/workers',
  'lib/config',
  'lib/table',
  'lib/convert',
  'lib/model',
  'lib/graph',
  'lib/onnx',
  'lib/engine',
  'lib/own-model',
  'lib/evaluation',
  'lib/store',
  'lib/queue',
  'lib/registry',
  'lib/predictor',
  'lib/training',
  'lib/bundle',
  'lib/tune',
  'lib/gate',
  'lib/report',
  'lib/compare',
  'lib/synth',
  'lib/init',
  'lib/scoring',
  'lib/monitor',
  'lib/online',
  'lib/asset',
  'lib/stack',
  'functions',
  'training',
  'exports',
  'bin',
];

/** Rooms on which all others stand: they import nothing, but one file of the room another. */
const WITHOUT_IMPORTS = ['lib/contract', 'lib/numbers'];

/** Files of a folder, at most: a newcomer takes in its list at a glance. */
const MOST_FILES = 14;

/** Inside a room, a folder may import the folders of this list that are above it, itself, and files beside the folders. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  'lib/config': ['expression', 'features', 'sections', 'schema', 'resolve', 'check', 'render'],
  'lib/training': ['rows', 'weights', 'held-out', 'epochs', 'networks'],
  'lib/table': [
    'values',
    'formats',
    'source',
    'kinds',
    'check',
    'encode',
    'fit',
    'profile',
    'candidates',
    'monitor',
    'objects',
  ],
};

const DOORS: Readonly<Record<string, readonly string[]>> = {
  '@aws-lambda-powertools/batch': ['lib/scoring'],
  '@aws-lambda-powertools/logger': ['lib/scoring'],
  '@aws-lambda-powertools/metrics': ['lib/scoring'],
  '@aws-sdk/client-eventbridge': ['lib/queue'],
  '@aws-sdk/client-s3': ['lib/store'],
  '@aws-sdk/client-sfn': ['lib/store'],
  '@aws-sdk/client-sqs': ['lib/queue'],
  '@aws-sdk/lib-storage': ['lib/store'],
  '@bufbuild/protobuf': ['lib/graph', 'lib/onnx'],
  '@duckdb/node-api': ['lib/table'],
  '@duckdb/node-bindings': ['lib/table'],
  '@observablehq/plot': ['lib/report', 'lib/compare', 'lib/monitor'],
  '@tensorflow/tfjs-core': ['lib/model', 'lib/graph', 'lib/engine', 'lib/own-model'],
  '@tensorflow/tfjs-node': ['lib/engine'],
  'aws-cdk-lib': ['lib/stack'],
  'aws-lambda': ['lib/queue', 'lib/scoring', 'functions'],
  'cli-progress': ['bin'],
  commander: ['bin'],
  constructs: ['lib/stack'],
  esbuild: ['lib/own-model'],
  linkedom: ['lib/report'],
  'onnx-buf': ['lib/graph'],
  'onnxruntime-node': ['lib/engine'],
  yaml: ['lib/config'],
  zod: [
    'lib/config',
    'lib/store',
    'lib/registry',
    'lib/training',
    'lib/bundle',
    'lib/tune',
    'lib/gate',
    'lib/compare',
    'lib/monitor',
    'lib/scoring',
    'lib/online',
    'training',
  ],
};

/** Types alone, what only those who deploy have, and what only another training engine needs. */
const NOT_SHIPPED = ['aws-lambda', '@tensorflow/tfjs-node', 'aws-cdk-lib', 'constructs'];

interface Import {
  readonly file: string;
  readonly room: string;
  readonly specifier: string;
}

const imports = ROOMS.flatMap((room) =>
  readdirSync(room, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('assembly'))
    .flatMap((name): Import[] => {
      const file = join(room, name);
      const specifiers = readFileSync(file, 'utf8').matchAll(
        /^(?:import|export)\b[^;]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
      );
      return [...specifiers].map(([, from, bare, dynamic]) => ({
        file,
        room,
        specifier: (from ?? bare ?? dynamic) as string,
      }));
    }),
);

/** Files of the rooms that each file imports. */
const directImports = new Map<string, string[]>();
for (const { file, specifier } of imports.filter((entry) => entry.specifier.startsWith('.')))
  directImports.set(file, [...(directImports.get(file) ?? []), normalize(join(dirname(file), specifier))]);

it('reads the imports of every room', () => {
  for (const room of ROOMS.filter((name) => !WITHOUT_IMPORTS.includes(name)))
    expect(imports.filter((entry) => entry.room === room).length, room).toBeGreaterThan(0);
});

describe('outside libraries', () => {
  it('enter through their own rooms', () => {
    const outside = imports.filter(({ specifier }) => !specifier.startsWith('.') && !isBuiltin(specifier));
    const strays = outside.filter(({ specifier, room }) => !DOORS[packageOf(specifier)]?.includes(room));
    expect(strays).toEqual([]);
  });

  it('are the declared dependencies, each of an exact version', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
      'dependencies' | 'devDependencies',
      Record<string, string>
    >;
    expect(
      Object.keys(DOORS)
        .filter((name) => !NOT_SHIPPED.includes(name))
        .toSorted(),
    ).toEqual(Object.keys(dependencies).toSorted());
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
      expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
  });
});

describe('rooms', () => {
  it('import only rooms above them', () => {
    const strays = imports.filter(({ file, room, specifier }) => {
      if (!specifier.startsWith('.')) return false;
      const target = roomOf(normalize(join(dirname(file), specifier)));
      return target === undefined || ROOMS.indexOf(target) > ROOMS.indexOf(room);
    });
    expect(strays.filter(({ file, specifier }) => !isTypeOnly(file, specifier))).toEqual([]);
  });

  it('on which all others stand import nothing', () => {
    const theirs = imports.filter(({ room }) => WITHOUT_IMPORTS.includes(room));
    expect(theirs.filter(({ specifier }) => !specifier.startsWith('./'))).toEqual([]);
  });

  it('have no files that import each other in a circle', () => {
    const circle = [...new Set(imports.map(({ file }) => file))].find((file) => importedBy(file).has(file));
    expect(circle).toBeUndefined();
  });

  it('that score reach neither TensorFlow.js nor training', () => {
    const reached = reachable([
      'lib/scoring/handlers/plan-shards.ts',
      'lib/scoring/handlers/score-shard.ts',
      'lib/scoring/rows/candidate-files.ts',
      'lib/scoring/rows/models.ts',
      'lib/online/online-scorer.ts',
    ]);
    const others = [
      'training/',
      'lib/model/',
      'lib/own-model/',
      'lib/graph/',
      'lib/training/',
      'lib/gate/',
      'lib/report/',
    ];
    expect([...reached].filter((file) => others.some((room) => file.startsWith(room)))).toEqual([]);
  });

  it('that run in training workers do not load TensorFlow.js, which takes longer than the rest', () => {
    const reached = reachable(['lib/engine/ort/training-worker.ts']);
    expect([...reached].filter((file) => file.startsWith('lib/model/') || file.startsWith('lib/graph/'))).toEqual([]);
  });

  it('have no folder of more than a dozen files or so', () => {
    const folders = [...new Set(imports.map(({ file }) => file))].map(dirname);
    const full = new Set(folders.filter((folder) => folders.filter((other) => other === folder).length > MOST_FILES));
    expect([...full]).toEqual([]);
  });
});

describe('folders of a room', () => {
  it.each(Object.entries(FOLDERS))('import only folders above them: %s', (room, folders) => {
    const folderOf = (path: string) => (path.split('/').length > 3 ? path.split('/')[2] : undefined);
    const own = imports
      .filter((entry) => entry.room === room && entry.specifier.startsWith('.'))
      .map(({ file, specifier }) => ({ file, target: normalize(join(dirname(file), specifier)) }))
      .filter(({ target }) => roomOf(target) === room);
    const found = new Set(imports.flatMap(({ file }) => (roomOf(file) === room ? (folderOf(file) ?? []) : [])));
    expect([...found].toSorted()).toEqual(folders.toSorted());
    const strays = own.filter(({ file, target }) => {
      const [from, to] = [folderOf(file), folderOf(target)];
      return from !== undefined && to !== undefined && folders.indexOf(to) > folders.indexOf(from);
    });
    expect(strays).toEqual([]);
  });
});

describe('native packages', () => {
  it.each(['linux-x64', 'linux-arm64', 'darwin-arm64'])('of DuckDB are locked for %s', (platform) => {
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
      packages: Record<string, { version: string }>;
    };
    expect(packages[`node_modules/@duckdb/node-bindings-${platform}`]?.version).toBe('1.5.5-r.5');
  });

  it('run no script when they are installed', () => {
    expect(readFileSync('.npmrc', 'utf8')).toContain('ignore-scripts=true');
  });
});

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] as string);
}

function roomOf(path: string): string | undefined {
  return ROOMS.find((room) => path.startsWith(`${room}/`));
}

/** A type leaves no arrow at run time. */
function isTypeOnly(file: string, specifier: string): boolean {
  const line = readFileSync(file, 'utf8').match(
    new RegExp(`^import type [^;]*from '${specifier.replaceAll('.', '\\.')}'`, 'm'),
  );
  return line !== null;
}

/** Every file that a file imports, itself or through others, types included. */
function importedBy(start: string): Set<string> {
  const reached = new Set(directImports.get(start) ?? []);
  for (const file of reached) for (const next of directImports.get(file) ?? []) reached.add(next);
  return reached;
}

function reachable(entries: readonly string[]): Set<string> {
  const reached = new Set(entries);
  for (const file of reached) {
    for (const { specifier } of imports.filter((entry) => entry.file === file && entry.specifier.startsWith('.'))) {
      if (!isTypeOnly(file, specifier)) reached.add(normalize(join(dirname(file), specifier)));
    }
  }
  return reached;
}
