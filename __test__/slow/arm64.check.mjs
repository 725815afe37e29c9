/**
 * What is published for Linux on 64-bit Arm, on a machine of another kind: built by Zig for the oldest glibc, its files
 * and package looked at, then used by Node on an emulated processor; and the tests of the Rust code there.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { STEPS, execute, inApplication, runStep } from '../../scripts/ship/application.mjs';
import { zigEnvironment, zigTarget } from '../../scripts/ship/build-linux.mjs';
import { emulatedArm64 } from '../../scripts/ship/emulated-arm64.mjs';
import { ROOT } from '../../scripts/install.mjs';
import { packMain, packModel } from '../../scripts/ship/pack.mjs';
import { platforms } from '../../scripts/ship/platforms.mjs';
import { contentsOf } from '../support/platform-package.mjs';

const platform = platforms.find(({ os, cpu }) => os === 'linux' && cpu === 'arm64');
const built = path.join(ROOT, '.cache', 'linux-arm64');
const out = mkdtempSync(path.join(tmpdir(), 'upscaler-node-arm64-'));
/** @type {import('../../scripts/ship/emulated-arm64.mjs').Emulated} */
let emulated;
let archive = '';

before(() => {
  emulated = emulatedArm64();
  // It looks at glibc's and libstdc++'s versions, names, and size.
  const script = path.join('scripts', 'ship', 'build-linux.mjs');
  const { status } = spawnSync(process.execPath, [script, 'arm64'], { cwd: ROOT, stdio: 'inherit' });
  assert.equal(status, 0);
  archive = path.join(
    built,
    readdirSync(built).find((name) => name.endsWith('.tgz')),
  );
});
after(() => rmSync(out, { recursive: true, force: true }));

test('the package has what it should, for 64-bit Arm, without symbols', () => {
  const files = execFileSync('tar', ['-tf', archive], { encoding: 'utf8' }).trim().split('\n');
  assert.deepEqual(
    files.sort(),
    contentsOf(platform).map((name) => `package/${name}`),
  );
  execFileSync('tar', ['-xf', archive, '-C', out]);
  const { os, cpu, libc } = JSON.parse(readFileSync(path.join(out, 'package', 'package.json'), 'utf8'));
  assert.deepEqual({ os, cpu, libc }, { os: ['linux'], cpu: ['arm64'], libc: ['glibc'] });
  for (const name of [platform.addon, platform.library]) {
    const file = path.join(out, 'package', name);
    const readelf = (flag) => execFileSync('readelf', ['-W', flag, file], { encoding: 'utf8' });
    assert.match(readelf('--file-header'), /Machine: +AArch64/);
    assert.doesNotMatch(readelf('--sections'), /\.(debug_info|symtab)\b/);
  }
});

test('installed beside the main package it works in Node on Arm, and computes what other processors do', () =>
  inApplication((folder) => {
    const archives = [archive, packMain(out), packModel('real-esrgan', out)];
    // An archive that is named is refused on another platform, an optional dependency left out.
    const flags = ['--offline', '--no-audit', '--no-fund', '--force', '--cpu=arm64'];
    const installed = execute(folder, ['npm', 'install', ...flags, ...archives]);
    assert.equal(installed.status, 0, installed.output);
    for (const step of Object.values(STEPS)) {
      runStep(folder, { ...step, command: [...emulated.node, ...step.command.slice(1)] });
    }
    const onArm = (kernels) => tensor(folder, emulated.node, 'upscaler-node', kernels);
    const here = (kernels) => tensor(folder, [process.execPath], ROOT, kernels);
    // Plain Rust there, vector instructions here.
    assert.deepEqual(onArm('portable'), here(process.arch === 'x64' ? '' : 'portable'));
    const [theirs, ours] = [onArm(''), here('off')];
    assert.equal(theirs.length, 48 * 32 * 3);
    const largest = theirs.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[i])), 0);
    assert.ok(largest < 0.05, `ONNX Runtime's results differ by ${largest} of 255`);
  }));

/**
 * @param {string} folder of an application
 * @param {string[]} node
 * @param {string} library what is required
 * @param {string} kernels
 * @returns {Float32Array} the picture, upscaled
 */
function tensor(folder, node, library, kernels) {
  const script = path.join(folder, 'tensor.cjs');
  const result = path.join(folder, 'tensor.bin');
  writeFileSync(
    script,
    `const Upscaler = require(${JSON.stringify(library)});
const upscaler = new Upscaler({ model: 'span-2x' });
upscaler.upscale('./picture.png', { output: 'tensor' }).then(({ data }) => {
  require('node:fs').writeFileSync(${JSON.stringify(result)}, new Uint8Array(data.buffer));
});
`,
  );
  rmSync(result, { force: true });
  const { output } = execute(folder, [...node, script], { UPSCALER_KERNELS: kernels });
  assert.ok(existsSync(result), output);
  return new Float32Array(new Uint8Array(readFileSync(result)).buffer);
}

/** Tests of the core that take an emulated processor more than a minute each. */
const TOO_LONG = [
  'every_flipped_byte_and_every_truncation_of_pictures',
  'memory_is_bounded_by_the_width_and_used_again',
  'png_levels_and_bands_in_any_order',
  'streaming_gives_the_bits_of_whole_layers',
  'threads_that_come_and_go_change_no_bit',
];

test("the tests of core, kernels and workers pass on Arm's instructions", () => {
  const crates = ['upscaler-node', 'upscaler-kernel', 'upscaler-workers'];
  const packages = crates.flatMap((name) => ['-p', name]);
  const skipped = TOO_LONG.flatMap((name) => ['--skip', name]);
  const { status, stdout, stderr } = spawnSync(
    'cargo-zigbuild',
    ['test', ...packages, '--lib', '--target', zigTarget(platform), '--', ...skipped],
    {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 64 * 2 ** 20,
      env: {
        ...process.env,
        ...zigEnvironment(platform),
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER: emulated.program.join(' '),
      },
    },
  );
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  assert.equal([...stdout.matchAll(/test result: ok\. [1-9]/g)].length, crates.length, stdout);
});
