import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../scripts/install.mjs';
import { deadLinks } from '../scripts/site/links.mjs';
import { pages, relink } from '../scripts/site/pages.mjs';

const { entries } = createRequire(import.meta.url)('../lib/catalogue');

test('the pages of the site are there', () => {
  for (const source of Object.keys(pages())) assert.ok(existsSync(path.join(ROOT, source)), source);
});

test('the first page counts the models of the catalogue', () => {
  const home = readFileSync(path.join(ROOT, 'site', 'home.md'), 'utf8');
  assert.equal(Number(/(\d+) in the catalogue/.exec(home)[1]), entries.length);
});

test('links lead to pages of the site, to the repository, or are none', () => {
  const all = { 'docs/a.md': 'a.md', 'docs/b.md': 'b.md', 'models/span/README.md': 'models/span.md' };
  const text =
    '[b](b.md#part) [card](../models/span/README.md) ![p](images/p.jpg) [code](../src/lib.rs) `[x](y.md)` [web](https://a.example)';
  assert.equal(
    relink(text, 'docs/a.md', all, 'owner/name'),
    '[b](./b.md#part) [card](./models/span.md) ![p](./images/p.jpg) [code](https://github.com/owner/name/blob/main/src/lib.rs) `[x](y.md)` [web](https://a.example)',
  );
  assert.equal(relink('[code](../src/lib.rs)', 'docs/a.md', all), 'code');
  assert.equal(relink('[docs](../../docs/a.md)', 'models/span/README.md', all), '[docs](../a.md)');
});

test('links of built pages that lead nowhere are found', () => {
  const dist = mkdtempSync(path.join(tmpdir(), 'upscaler-node-site-'));
  try {
    mkdirSync(path.join(dist, 'api'));
    writeFileSync(path.join(dist, 'api', 'index.html'), '<h2 id="run">Run</h2>');
    writeFileSync(
      path.join(dist, 'a.html'),
      '<a href="/api/#run"></a><a href="api/"></a><a href="/b"></a><a href="/api/#stop"></a><a href="https://x.example/y"></a>',
    );
    assert.deepEqual(
      deadLinks(dist).map(({ link }) => link),
      ['/b', '/api/#stop'],
    );
  } finally {
    rmSync(dist, { recursive: true, force: true });
  }
});
