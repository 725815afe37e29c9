/**
 * Tools that see what tests do not: every order in which threads can run (loom), undefined behaviour of code without
 * foreign functions (miri), reads of memory that is not there or was never set, and lost blocks (valgrind).
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { ROOT } from '../../scripts/install.mjs';
import { isThere as valgrindIsThere, valgrind } from '../../scripts/valgrind.mjs';

/** @param {string[]} args @param {Record<string, string>} [more] environment variables */
function cargo(args, more = {}) {
  const { status, stdout, stderr } = spawnSync('cargo', args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 2 ** 20,
    env: { ...process.env, ...more },
  });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  assert.match(stdout, /test result: ok\. [1-9]/);
}

test('loom: queue, cancellation and the end of a pool', () =>
  cargo(['test', '-p', 'upscaler-workers', '--lib', 'loom'], {
    RUSTFLAGS: '--cfg loom',
    CARGO_TARGET_DIR: 'target/loom',
  }));

const noMiri = spawnSync('cargo', ['+nightly', 'miri', '--version']).status !== 0 && 'miri is not installed';

/** @param {string[]} of @param {Record<string, string>} [more] */
const miri = (of, more) =>
  cargo(['+nightly', 'miri', 'test', ...of], { CARGO_TARGET_DIR: 'target/miri', ...more });

// The workers of a pool end by themselves, nobody waits for them.
test('miri: threads, queue and cancellation', { skip: noMiri }, () =>
  miri(['-p', 'upscaler-workers', '--lib'], { MIRIFLAGS: '-Zmiri-ignore-leaks' }),
);

test('miri: a cancellation and whoever waits for it, in many orders', { skip: noMiri }, () =>
  miri(['-p', 'upscaler-workers', '--lib', 'cancel::tests::whoever'], {
    MIRIFLAGS: '-Zmiri-many-seeds=0..64',
  }),
);

test("miri: the allocator, and the blocks of ONNX Runtime's", { skip: noMiri }, () =>
  miri(['--manifest-path', 'tests/miri/Cargo.toml']),
);

test(
  'valgrind: a model loaded, every format in and out, disposed',
  { skip: !valgrindIsThere() && 'valgrind is not installed' },
  (t) => t.diagnostic(valgrind().split('\n').at(-1)),
);
