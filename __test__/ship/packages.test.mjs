import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { STEPS, execute, inApplication, runStep } from '../../scripts/ship/application.mjs';
import { ROOT } from '../../scripts/install.mjs';
import { changesOf } from '../../scripts/ship/changes.mjs';
import { tooNew } from '../../scripts/ship/check-elf.mjs';
import { mainManifest, packMain, packModel, packPlatform } from '../../scripts/ship/pack.mjs';
import { platformFiles } from '../../scripts/ship/platform-files.mjs';
import { platforms, thisPlatform } from '../../scripts/ship/platforms.mjs';
import { inOrder } from '../../scripts/ship/publish.mjs';
import { pinned } from '../../scripts/ship/runtime-library.mjs';
import { differing } from '../../scripts/ship/versions.mjs';
import { contentsOf } from '../support/platform-package.mjs';

const require = createRequire(import.meta.url);
const manifest = require('../../package.json');

/** Without npm's compression, which takes the most of the time. */
function packFast(folder, out) {
  const { name } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const file = path.join(out, `${name.replace('@', '').replace('/', '-')}.tar`);
  execFileSync('tar', ['-cf', path.basename(file), '-C', folder, '.'], { cwd: out });
  return file;
}

const out = mkdtempSync(path.join(tmpdir(), 'upscaler-node-packages-'));
const packed = {};

before(() => {
  packed.main = packMain(out);
  packed.platform = packPlatform(thisPlatform(), ROOT, out, { pack: packFast });
  packed.model = packModel('real-esrgan', out);
});
after(() => rmSync(out, { recursive: true, force: true }));

const listedRaw = (archive) =>
  execFileSync('tar', ['-tf', path.basename(archive)], { cwd: out, encoding: 'utf8' }).split('\n');

const listed = (archive) =>
  listedRaw(archive)
    .map((file) => file.replace(/^(\.|package)\//, ''))
    .filter((file) => file !== '' && !file.endsWith('/'));

/**
 * @param {string} name
 * @param {string} from
 * @returns {string | undefined} where a package is found from a folder
 */
const folderOf = (name, from) => {
  const folder = path.join(from, 'node_modules', name);
  if (existsSync(path.join(folder, 'package.json'))) return folder;
  return path.dirname(from) === from ? undefined : folderOf(name, path.dirname(from));
};

test('npm/ holds what its script writes', () => {
  assert.deepEqual(
    readdirSync(path.join(ROOT, 'npm')).sort(),
    ['licenses', ...platforms.map(({ folder }) => folder)].sort(),
  );
  for (const platform of platforms) {
    for (const [name, text] of platformFiles(platform)) {
      const written = readFileSync(path.join(ROOT, 'npm', platform.folder, name), 'utf8');
      assert.equal(written, text, `npm/${platform.folder}/${name}: run npm run platforms`);
    }
  }
});

test("ONNX Runtime's library is pinned for each platform, at the version that tests run with", () => {
  const { version, hashes } = pinned();
  assert.equal(version, manifest.devDependencies['onnxruntime-node']);
  assert.equal(new Set(hashes).size, platforms.length);
});

test('the main package asks for every platform at exactly its version, and nothing of the clone', () => {
  const published = mainManifest(manifest, 'somebody/something');
  assert.deepEqual(published.optionalDependencies, {
    '@upscaler-node/linux-x64-gnu': manifest.version,
    '@upscaler-node/linux-arm64-gnu': manifest.version,
    '@upscaler-node/darwin-arm64': manifest.version,
    '@upscaler-node/win32-x64-msvc': manifest.version,
    '@upscaler-node/win32-arm64-msvc': manifest.version,
  });
  assert.equal(published.scripts, undefined);
  assert.equal(published.devDependencies, undefined);
  assert.equal(published.repository.url, 'git+https://github.com/somebody/something.git');
});

test('the main package has what its README links, and its modules once', () => {
  const files = listed(packed.main);
  const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => link);
  const absent = links.filter((link) => !files.some((file) => file === link || file.startsWith(`${link}/`)));
  assert.ok(links.length > 5);
  assert.deepEqual(absent, []);
  assert.deepEqual(
    files.filter((file) => /^models\/.*\.(js|d\.ts)$/.test(file) || file.endsWith('.node')),
    [],
  );
  assert.ok(statSync(packed.main).size < 8e6);
});

test("a platform's package has the addon, the library beside it and the licences of what is in them", () => {
  assert.deepEqual(listed(packed.platform).sort(), contentsOf(thisPlatform()));
  const notices = execFileSync(
    'tar',
    ['-xOf', path.basename(packed.platform), './crates-ThirdPartyNotices.txt'],
    {
      cwd: out,
      encoding: 'utf8',
      maxBuffer: 16 * 1024 * 1024,
    },
  );
  assert.match(notices, /^napi \d.*\(MIT\)$/m);
  assert.doesNotMatch(notices, /^(divan|proptest|napi-build) \d/m);
});

test('each package says what is in it, in CycloneDX', () => {
  const read = (archive) => {
    const file = listedRaw(archive).find((name) => name.endsWith('sbom.cdx.json'));
    return JSON.parse(
      execFileSync('tar', ['-xOf', path.basename(archive), file], {
        cwd: out,
        encoding: 'utf8',
        maxBuffer: 2 ** 24,
      }),
    );
  };
  const native = read(packed.platform);
  assert.equal(native.specVersion, '1.6');
  const crates = native.components.filter(({ purl }) => purl.startsWith('pkg:cargo/'));
  assert.ok(crates.length > 50);
  for (const { name, hashes, licenses } of crates) {
    assert.match(hashes?.[0].content ?? '', /^[0-9a-f]{64}$/, name);
    assert.ok(licenses[0].expression, name);
  }
  assert.ok(native.components.some(({ name }) => name === 'onnxruntime'));
  assert.deepEqual(
    read(packed.main).components.map(({ name }) => name),
    ['span-2x', 'span-4x', 'fast-2x', 'fast-4x', 'tiny-2x', 'grey-2x', 'text-2x', 'text-4x', 'photo-2x'],
  );
  const { components } = read(packed.model);
  assert.equal(components.length, listed(packed.model).filter((file) => file.endsWith('.onnx')).length);
  for (const { hashes } of components) assert.match(hashes[0].content, /^[0-9a-f]{64}$/);
});

test('what npm installs with them has a licence that may be passed on', () => {
  const allowed = /^(MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD|BlueOak-1\.0\.0|CC0-1\.0|Unlicense)$/;
  const seen = new Map();
  const visit = (name, from) => {
    const folder = folderOf(name, from);
    if (folder === undefined || seen.has(folder)) return;
    const { license, dependencies = {} } = JSON.parse(
      readFileSync(path.join(folder, 'package.json'), 'utf8'),
    );
    seen.set(folder, `${name}: ${license}`);
    for (const dependency of Object.keys(dependencies)) visit(dependency, folder);
  };
  const folders = [
    ROOT,
    ...readdirSync(path.join(ROOT, 'packages')).map((name) => path.join(ROOT, 'packages', name)),
  ];
  for (const folder of folders) {
    const { dependencies = {} } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies)) visit(name, folder);
  }
  const found = [...seen.values()];
  assert.ok(found.length > 3);
  assert.deepEqual(
    found.filter((line) => !allowed.test(line.split(': ')[1])),
    [],
  );
});

test('installed from their archives, the packages work in an empty folder', () =>
  inApplication((folder) => {
    const archives = Object.values(packed);
    const flags = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts'];
    const { status, output } = execute(folder, ['npm', 'install', ...flags, ...archives]);
    assert.equal(status, 0, output);
    for (const step of Object.values(STEPS)) runStep(folder, step);
  }));

test('without its optional dependencies the main package names the command that brings them', () =>
  inApplication((folder) => {
    const flags = ['--offline', '--no-audit', '--no-fund', '--omit=optional'];
    const { status, output } = execute(folder, ['npm', 'install', ...flags, packed.main]);
    assert.equal(status, 0, output);
    const ran = execute(folder, ['node', '-e', 'new (require("upscaler-node"))()']);
    assert.equal(ran.status, 1);
    assert.match(ran.output, /ERR_UPSCALER_RUNTIME_LOAD/);
    assert.ok(
      ran.output.includes(`npm install --include=optional ${thisPlatform().name}@${manifest.version}`),
      ran.output,
    );
  }));

test('there is one version', () => {
  assert.deepEqual(differing(manifest.version), []);
  assert.ok(differing('0.0.0-never').length > 30);
});

test('the main package is published last, and archives alone', () => {
  assert.deepEqual(inOrder(['upscaler-node-1.0.0.tgz', 'a.txt', 'upscaler-node-win32-x64-msvc-1.0.0.tgz']), [
    'upscaler-node-win32-x64-msvc-1.0.0.tgz',
    'upscaler-node-1.0.0.tgz',
  ]);
});

test("a release's page has that version's changes", () => {
  const changelog = '# Changelog\n\n## 0.2.0 (2026-01-02)\n\n- New.\n\n## 0.1.0\n\n- First.\n';
  assert.equal(changesOf(changelog, '0.2.0'), '- New.');
  assert.equal(changesOf(changelog, '0.1.0'), '- First.');
  assert.throws(() => changesOf(changelog, '0.3.0'), /0\.3\.0/);
});

test('symbol versions that RHEL 8 lacks are found', () => {
  const versions = `Version definition section '.gnu.version_d':
  Name: GLIBC_2.99
Version needs section '.gnu.version_r' contains 2 entries:
  0x0010:   Name: GLIBC_2.9  Flags: none  Version: 4
  0x0020:   Name: GLIBC_2.28  Flags: none  Version: 3
  0x0030:   Name: GLIBC_2.34  Flags: none  Version: 2
  0x0040:   Name: GLIBCXX_3.4.26  Flags: none  Version: 5`;
  assert.deepEqual(tooNew(versions), ['GLIBC_2.34', 'GLIBCXX_3.4.26']);
});
