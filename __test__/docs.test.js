'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const ts = require('typescript');

/**
 * Code in the documentation: each block parses, and uses this package as its types allow. What a block takes for granted,
 * such as a picture, is of any type.
 */

const ROOT = path.join(__dirname, '..');
const PAGES = ['README.md', ...fs.readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter(
  (name) => name.endsWith('.md'),
);

/** Of TypeScript: what a block leaves out. Names, other packages, types of parameters, what may be undefined. */
const LEFT_OUT = new Set([
  2304, 2552, 2307, 2580, 2582, 2591, 2593, 7006, 7016, 7031, 18004, 18046, 2339, 2451, 1375, 2300, 2393,
  7005, 7034, 2454,
]);

/** @returns {{ name: string, text: string }[]} a module for each block of JavaScript */
function blocks() {
  return PAGES.flatMap((page) => {
    const text = fs.readFileSync(path.join(ROOT, page), 'utf8');
    return [...text.matchAll(/^```(js|ts)\n([^]*?)^```$/gm)].map(([, kind, code], i) => ({
      name: path.join(ROOT, `${page.replace(/\W/g, '-')}-${i + 1}.${kind === 'js' ? 'mjs' : 'mts'}`),
      text: `${prelude(code)}${code}`,
    }));
  });
}

/** @param {string} code */
function prelude(code) {
  const declares = (name) => new RegExp(`(const|let|import) \\{?[^=]*\\b${name}\\b`).test(code);
  return [
    ...(declares('Upscaler') ? [] : [`import Upscaler from 'upscaler-node';`]),
    ...(declares('upscaler') ? [] : ['const upscaler = new Upscaler();']),
    ...(/\b(require)\(/.test(code) ? [`import { createRequire } from 'node:module';`] : []),
    '',
  ].join('\n');
}

test('every block of code parses and fits the types', () => {
  const sources = new Map(blocks().map(({ name, text }) => [name, text]));
  const options = {
    allowJs: true,
    checkJs: true,
    noEmit: true,
    strict: false,
    skipLibCheck: true,
    esModuleInterop: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.esnext.disposable.d.ts'],
    types: ['node'],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.getSourceFile = (name, ...rest) =>
    sources.has(name)
      ? ts.createSourceFile(name, sources.get(name), ts.ScriptTarget.ES2022, true)
      : getSourceFile.call(host, name, ...rest);
  host.fileExists = (name) => sources.has(name) || fileExists.call(host, name);
  host.readFile = (name) => sources.get(name) ?? readFile.call(host, name);
  const program = ts.createProgram([...sources.keys()], options, host);
  const wrong = ts
    .getPreEmitDiagnostics(program)
    .filter(({ code, file }) => file && sources.has(file.fileName) && !LEFT_OUT.has(code))
    .map(({ code, file, start, messageText }) => {
      const { line } = file.getLineAndCharacterOfPosition(start);
      const text = ts.flattenDiagnosticMessageText(messageText, ' ');
      return `${path.basename(file.fileName)}:${line + 1} TS${code} ${text}\n    ${file.text.split('\n')[line]}`;
    });
  assert.ok(sources.size > 10, `${sources.size} blocks`);
  assert.deepEqual(wrong, [], wrong.join('\n'));
});
