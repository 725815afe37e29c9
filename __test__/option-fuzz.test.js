'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const ts = require('typescript');
const { libraryCalls, parsedLines, programRuns } = require('./support/option-fuzz/run');
const { interfaces } = require('./support/option-fuzz/valid');

/**
 * Arguments of every kind, chosen by a seed: each call ends with a result or an error with a code. More of it is in
 * slow/option-fuzz.check.mjs.
 */

const DECLARATIONS = path.join(__dirname, '..', 'index.d.ts');

/** @returns {Map<string, string[]>} the fields of each interface of index.d.ts, as TypeScript reads them */
function declared() {
  const source = ts.createSourceFile(
    DECLARATIONS,
    fs.readFileSync(DECLARATIONS, 'utf8'),
    ts.ScriptTarget.Latest,
  );
  const found = new Map();
  const visit = (node) => {
    if (ts.isInterfaceDeclaration(node)) {
      found.set(
        node.name.text,
        node.members.map(({ name }) => name.text),
      );
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

test('every option of index.d.ts is tried, and no other', () => {
  const all = declared();
  assert.ok(all.get('UpscaleOptions').length > 20);
  for (const [name, table] of Object.entries(interfaces)) {
    assert.deepEqual(Object.keys(table).sort(), [...all.get(name)].sort(), name);
  }
});

test('whatever a call is given, it ends with a result or a coded error', async () => {
  const outcomes = await libraryCalls(1, 2000);
  // Calls that all fail for the same reason would show nothing.
  for (const outcome of [
    'construct done',
    'construct ERR_INVALID_ARG_TYPE',
    'construct ERR_INVALID_ARG_VALUE',
    'construct ERR_UPSCALER_MODEL_LOAD',
    'upscale done',
    'upscale ERR_INVALID_ARG_TYPE',
    'upscale ERR_INVALID_ARG_VALUE',
    'upscale ERR_UPSCALER_LIMIT',
    'upscale ERR_UPSCALER_READ',
    'stream done',
    'warmup done',
    'models done',
    'patches done',
    'configure ERR_INVALID_ARG_VALUE',
  ]) {
    assert.ok(outcomes[outcome] >= 5, `${outcome}: ${JSON.stringify(outcomes)}`);
  }
});

test('whatever a command line or a configuration file says, it is read or refused', async () => {
  const { read, refused } = await parsedLines(1, 5000);
  assert.ok(read > 500 && refused > 500, `${read} read, ${refused} refused`);
});

test('whatever a command line says, the program ends as it should', () => programRuns(1, 15));
