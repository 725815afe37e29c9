'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { entries } = require('../lib/catalogue');

/** What index.d.ts writes out, and its counterpart for `import`, against what they describe. */

const read = (file) => fs.readFileSync(path.join(__dirname, '..', file), 'utf8');
const declarations = read('index.d.ts');

/** @param {string} type a union of strings */
const members = (type) => {
  const [, union] = new RegExp(`export type ${type} =([^;]+);`).exec(declarations);
  return [...union.matchAll(/'([^']+)'/g)].map(([, name]) => name).sort();
};
const unique = (values) => [...new Set(values)].sort();

test('the names that editors offer are those of the catalogue', () => {
  assert.deepEqual(members('ModelName'), ['default', ...entries.map(({ id }) => id)].sort());
  assert.deepEqual(members('Domain'), unique(entries.map(({ domain }) => domain)));
  assert.deepEqual(members('ModelSize'), unique(entries.map(({ size }) => size)));
});

test('import has every name that require has', () => {
  const names = [...declarations.matchAll(/^  export (?:interface|type|class|const|function) (\w+)/gm)];
  const imported = [...read('index.d.mts').matchAll(/^export import (\w+) = Upscaler\.\1;/gm)];
  assert.ok(names.length > 40);
  assert.deepEqual(unique(names.map(([, name]) => name)), unique(imported.map(([, name]) => name)));
});
