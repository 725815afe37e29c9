/**
 * Arguments of every kind, as in option-fuzz.test.js, for longer and from many seeds. A finding names its seed:
 * UPSCALER_FUZZ_SEED=7 begins there.
 */
import { createRequire } from 'node:module';
import { test } from 'node:test';

const require = createRequire(import.meta.url);
const { libraryCalls, parsedLines, programRuns } = require('../support/option-fuzz/run.js');

const FIRST = Number(process.env.UPSCALER_FUZZ_SEED ?? 100);
const SEEDS = 20;

for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
  test(`calls of the library, seed ${seed}`, async (t) => {
    t.diagnostic(JSON.stringify(await libraryCalls(seed, 5000)));
  });
}

test('command lines and configuration files', () => parsedLines(FIRST, 100_000));

test('runs of the program', () => programRuns(FIRST, 200));
