'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { COMMANDS } = require('../../../bin/arguments/commands');
const { readConfig } = require('../../../bin/arguments/config');
const { checkOperands, parse } = require('../../../bin/arguments/parse');
const { UsageError } = require('../../../bin/arguments/usage-error');
const { runNode } = require('../child');
const { cli } = require('../cli');
const { NEAREST } = require('../pixels');
const { commandLine, configuration } = require('./command-line');
const { Random } = require('./random');

const CHILD = path.join(__dirname, 'child.js');
const PICTURE = path.join(__dirname, '..', '..', '..', 'tests', 'fixtures', 'small', 'rgba.png');

/** @template T @param {(folder: string) => Promise<T>} use @returns {Promise<T>} */
async function inFolder(use) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'upscaler-fuzz-'));
  try {
    return await use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/**
 * So many calls of the library in a process of their own, and no finding.
 *
 * @param {number} seed
 * @param {number} calls
 * @returns {Promise<Record<string, number>>} how often what came of them, by the kind of call
 */
function libraryCalls(seed, calls) {
  return inFolder(async (folder) => {
    const marker = path.join(folder, 'call');
    const args = ['--no-warnings', CHILD, seed, calls, marker].map(String);
    const { code, signal, stdout, stderr } = await runNode(args);
    assert.deepEqual([code, signal, stderr], [0, null, ''], fs.readFileSync(marker, 'utf8').trim());
    const { outcomes, faults } = JSON.parse(stdout);
    assert.deepEqual(faults, []);
    return outcomes;
  });
}

/**
 * So many command lines and configuration files, read in this process.
 *
 * @param {number} seed
 * @param {number} count
 * @returns {Promise<{ read: number, refused: number }>}
 */
function parsedLines(seed, count) {
  const random = new Random(seed);
  const result = { read: 0, refused: 0 };
  const attempt = (said, call) => {
    try {
      call();
      result.read++;
    } catch (error) {
      assert.ok(error instanceof UsageError, `seed ${seed}, ${said}: ${error.stack}`);
      result.refused++;
    }
  };
  return inFolder(async (folder) => {
    const file = path.join(folder, 'config.json');
    for (let i = 0; i < count; i++) {
      const args = commandLine(random, Object.keys(COMMANDS));
      attempt(JSON.stringify(args), () => checkOperands(parse(args)));
      if (i % 5 > 0) continue;
      const text = configuration(random, 'upscale');
      fs.writeFileSync(file, text);
      attempt(text.slice(0, 1000), () => readConfig(file, 'upscale'));
    }
    assert.equal({}.polluted, undefined);
    return result;
  });
}

/** Commands that end by themselves and soon. */
const SHORT = ['upscale', 'upscale', 'upscale', 'info', 'models', 'completion', 'convert'];
/** What makes every line of `upscale` quick; of an option that is there twice the last one counts. */
const QUICK = ['--model', NEAREST, '--max-output-pixels', '100000'];
/** How the program ends: done, failed, a mistake in the line. */
const ENDS = [0, 1, 2];

/**
 * So many runs of the program, each in a folder of its own with one picture. It ends with a code of its own and without a
 * stack, the picture is as it was, and what else is there is whole.
 *
 * @param {number} seed
 * @param {number} count
 */
async function programRuns(seed, count) {
  const random = new Random(seed);
  for (let i = 0; i < count; i++) {
    const line = commandLine(random, SHORT).map((word) => word.replaceAll('\0', ''));
    const named = Object.hasOwn(COMMANDS, line[0]);
    const args = named && line[0] !== 'upscale' ? line : [...line, ...QUICK];
    await inFolder(async (folder) => {
      fs.copyFileSync(PICTURE, path.join(folder, 'a.png'));
      const { code, signal, stderr } = await cli(args, { cwd: folder });
      const said = `seed ${seed}, ${JSON.stringify(args)}: ${stderr.slice(0, 2000)}`;
      assert.ok(signal === null && ENDS.includes(code), `${code} ${signal} ${said}`);
      assert.doesNotMatch(stderr, /\n {4}at |Assertion|panicked/, said);
      assert.ok(fs.readFileSync(PICTURE).equals(fs.readFileSync(path.join(folder, 'a.png'))), said);
      for (const name of fs.readdirSync(folder)) assert.doesNotMatch(name, /^\.|\.tmp|\.part/, said);
    });
  }
}

module.exports = { libraryCalls, parsedLines, programRuns };
