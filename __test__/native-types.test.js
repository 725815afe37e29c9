// @ts-check
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const ts = require('typescript');

/**
 * lib/native.d.ts is written by hand; what the addon offers is what napi-derive writes down whenever it is compiled
 * (.cargo/config.toml says where). The type checker compares the two.
 */

const ROOT = path.join(__dirname, '..');
const EMITTED = path.join(ROOT, 'target', 'napi-types', 'upscaler-node');

/** The addon's interfaces, and what lib/native.d.ts calls them. */
const NAMES = {
  Alternative: 'Alternative',
  InstanceOptions: 'NativeUpscalerOptions',
  NativeModelSource: 'ModelSource',
  NativeAnimation: 'NativeAnimation',
  NativeAnimationEncoder: 'NativeAnimationEncoder',
  NativeAnimationOptions: 'NativeAnimationOptions',
  NativeCallbacks: 'NativeCallbacks',
  NativeChunk: 'NativeChunk',
  NativeCounters: 'Counters',
  NativeFrame: 'NativeFrame',
  NativeModelInfo: 'ModelInfo',
  NativeProgress: 'NativeProgress',
  NativeQuantized: 'NativeQuantized',
  NativeRect: 'NativeRect',
  NativeResult: 'NativeResult',
  NativeSlice: 'NativePixels',
  NativeStreamHeader: 'NativeStreamHeader',
  NativeTensor: 'NativeTensor',
  NativeTile: 'NativeTile',
  NativeUpscaler: 'NativeUpscaler',
  UpscaleOptions: 'NativeUpscaleOptions',
};

/** Rust's names for types that napi-derive does not write down. */
const ALIASES = `
  type NativeData = Buffer | Float32Array | Uint16Array;
  type NativeHook = (given: NativeTensor) => Promise<GivenTensor>;
`;

/** Equal keys, equally optional, whose types can be assigned both ways; an optional value may be null too. */
const COMPARISON = `
  type Value<T, K extends keyof T> = Exclude<T[K], undefined | null>;
  type Optional<T, K extends keyof T> = undefined extends T[K] ? true : null extends T[K] ? true : false;
  type Both<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
  type Different<A, B> =
    | Exclude<keyof A, keyof B>
    | Exclude<keyof B, keyof A>
    | { [K in keyof A & keyof B]:
        Both<Value<A, K>, Value<B, K>> extends true
          ? Both<Optional<A, K>, Optional<B, K>> extends true ? never : K
          : K
      }[keyof A & keyof B];
`;

/** @returns {{ kind: string, name: string, def: string }[]} */
function emitted() {
  assert.ok(fs.existsSync(EMITTED), `${EMITTED} is missing: build the addon with npm run build`);
  const lines = fs.readFileSync(EMITTED, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

/** @param {ReturnType<typeof emitted>} types */
function declarations(types) {
  const functions = types.filter(({ kind }) => kind === 'fn').map(({ def }) => def.replace(/^function /, ''));
  const text = types.map(({ kind, name, def }) => {
    if (kind === 'string_enum')
      return `type ${name} = ${[...def.matchAll(/= ('[^']*')/g)].map((m) => m[1]).join(' | ')};`;
    if (kind === 'interface') return `interface ${name} {\n${def}\n}`;
    // The constructor is compared among the functions of the addon.
    if (kind === 'impl') return `interface ${name} {\n${def.replace(/^.*\bconstructor\(.*$/m, '')}\n}`;
    return '';
  });
  return `declare namespace Addon {
    ${ALIASES}
    ${text.join('\n')}
    interface Functions {\n${functions.join('\n')}\n}
  }`;
}

/**
 * @param {string} text
 * @returns {string[]} what the type checker says of it
 */
function errors(text) {
  const file = path.join(__dirname, 'native-types.generated.ts');
  /** @type {import('typescript').CompilerOptions} */
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    types: ['node'],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === file || fileExists(name);
  host.getSourceFile = (name, version, ...rest) =>
    name === file ? ts.createSourceFile(name, text, version) : getSourceFile(name, version, ...rest);
  const program = ts.createProgram([file], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** @param {string[]} assertions */
function program(assertions) {
  return `import type * as Native from '../lib/native';
    ${COMPARISON}
    ${declarations(emitted())}
    ${assertions.join('\n')}`;
}

for (const [addon, native] of Object.entries(NAMES)) {
  test(`${native} in lib/native.d.ts is the addon's ${addon}`, () => {
    assert.deepEqual(
      errors(
        program([
          `const same: Different<Addon.${addon}, Native.${native}> extends never ? true : Different<Addon.${addon}, Native.${native}> = true;`,
        ]),
      ),
      [],
    );
  });
}

test('NativeAddon has the functions of the addon, and its classes', () => {
  const functions = `Omit<Native.NativeAddon, 'NativeUpscaler' | 'NativeAnimationEncoder'>`;
  assert.deepEqual(
    errors(
      program([
        `const same: Different<Addon.Functions, ${functions}> extends never ? true : Different<Addon.Functions, ${functions}> = true;`,
      ]),
    ),
    [],
  );
});

test('every form of an image is one that the addon takes', () => {
  assert.deepEqual(
    errors(program(['declare const image: Native.NativeImage; const taken: Addon.NativeImage = image;'])),
    [],
  );
});

test('no interface of the addon is left out', () => {
  // Parts of those that are compared, and the input whose forms are told apart by hand.
  const parts = [
    'GivenTensor',
    'NativeArea',
    'NativeArtefacts',
    'NativeImage',
    'NativePicture',
    'NativeStages',
    'ProcessOptions',
    'Versions',
  ];
  const found = emitted()
    .filter(({ kind }) => kind === 'interface' || kind === 'impl')
    .map(({ name }) => name);
  assert.deepEqual(found.sort(), [...Object.keys(NAMES), ...parts].sort());
});

test('a difference is found', () => {
  const broken = program([
    'const same: Different<Addon.NativeRect, { x: number; y?: number; width: string; depth: 1 }> extends never ? true : false = true;',
  ]);
  assert.notDeepEqual(errors(broken), []);
});
