/**
 * `npm run docs`: the site in site/dist. Its tools are installed in site/, apart from the repository's: VitePress, and
 * TypeDoc for the pages of the API, which are made from index.d.ts. A link that leads nowhere ends it.
 */
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { ROOT } from '../install.mjs';
import { deadLinks } from './links.mjs';
import { writePages } from './pages.mjs';

const SITE = path.join(ROOT, 'site');
const PAGES = path.join(SITE, 'pages');
const DIST = path.join(SITE, 'dist');

/** @param {string} program @param {string[]} args */
function run(program, args) {
  const shell = process.platform === 'win32';
  const { status } = spawnSync(program, args, { cwd: SITE, stdio: 'inherit', shell });
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(path.join(SITE, 'node_modules', 'vitepress'))) {
  run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts']);
}
rmSync(PAGES, { recursive: true, force: true });
mkdirSync(PAGES, { recursive: true });
writePages(PAGES, process.env.GITHUB_REPOSITORY);
cpSync(path.join(SITE, 'home.md'), path.join(PAGES, 'index.md'));
run(process.execPath, ['node_modules/typedoc/bin/typedoc', '--options', 'typedoc.json']);
// TypeDoc's own is a list of everything that is exported again.
cpSync(path.join(SITE, 'api.md'), path.join(PAGES, 'api', 'index.md'));
run(process.execPath, ['node_modules/vitepress/bin/vitepress.js', 'build']);

const dead = deadLinks(DIST);
for (const { page, link } of dead) console.error(`${page} links ${link}, which is not there`);
if (dead.length > 0) process.exitCode = 1;
