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

/**
 * Bytes that may be lost in a whole life: 680 were counted, of which Node's registration of the addon takes 120, a list that
 * is made once 536, and an AVIF 48 (fuzz/leaks.supp).
 */
const LOST = 2048;

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
    '--errors-for-leak-kinds=none',
    '--num-callers=24',
    // Long blocks of vector code exhaust what memcheck has for one block.
    '--vex-guest-max-insns=20',
    ...more,
  ];
  // V8 without code that it writes itself, which memcheck would have to be told of.
  const node = [process.execPath, '--jitless', path.join(ROOT, 'scripts/valgrind-child.cjs')];
  const { status, stdout, stderr } = spawnSync('valgrind', [...options, ...node], {
    encoding: 'utf8',
    maxBuffer: 256 * 2 ** 20,
  });
  const lost = Number(/definitely lost: ([\d,]+) bytes/.exec(stderr)?.[1].replaceAll(',', ''));
  if (status === 0 && !(lost <= LOST)) throw new Error(`${lost} bytes were lost\n${stderr}`);
  if (status !== 0) throw new Error(`valgrind ended with ${status}\n${stdout}\n${stderr}`);
  return `${stdout.trim()}, ${lost} bytes lost`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(valgrind(process.argv.slice(2)));
