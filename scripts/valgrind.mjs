/**
 * `node scripts/valgrind.mjs`: a short life of the library under valgrind's memcheck: a model loaded, a small picture of every
 * format in and out, a broken file, a cancelled call, dispose, exit. It fails where memory is read or written that is not
 * there or was never set, and where blocks that the addon allocated are lost. scripts/valgrind.supp says what is left out.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './install.mjs';

/** What valgrind ends with when it found something. */
const FOUND = 99;

/** Whether valgrind is there. */
export function isThere() {
  return spawnSync('valgrind', ['--version']).status === 0;
}

/** @param {string[]} [more] options of valgrind */
export function valgrind(more = []) {
  const options = [
    '--tool=memcheck',
    `--error-exitcode=${FOUND}`,
    `--suppressions=${path.join(ROOT, 'scripts/valgrind.supp')}`,
    '--leak-check=full',
    '--show-leak-kinds=definite',
    '--errors-for-leak-kinds=definite',
    '--num-callers=24',
    ...more,
  ];
  // V8 without code that it writes itself, which memcheck would have to be told of.
  const node = [process.execPath, '--jitless', path.join(ROOT, 'scripts/valgrind-child.cjs')];
  const { status, stdout, stderr } = spawnSync('valgrind', [...options, ...node], {
    encoding: 'utf8',
    maxBuffer: 256 * 2 ** 20,
  });
  if (status !== 0) throw new Error(`valgrind ended with ${status}\n${stdout}\n${stderr}`);
  return stdout.trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(valgrind(process.argv.slice(2)));
