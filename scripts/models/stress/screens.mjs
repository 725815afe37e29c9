/** Screenshots of user interfaces, taken by headless Chromium. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { picture, rgb } from './picture.mjs';
import { random } from './random.mjs';

const sharp = createRequire(import.meta.url)('sharp');

/**
 * @typedef {import('./picture.mjs').Picture} Picture
 * @typedef {import('./random.mjs').Random} Random
 */

const [WIDTH, HEIGHT] = [400, 260];
const MOST_SECONDS = 240;

const THEMES = [
  { paper: '#ffffff', ink: '#1f2328', faint: '#57606a', line: '#d0d7de', accent: '#0969da' },
  { paper: '#0d1117', ink: '#e6edf3', faint: '#8b949e', line: '#30363d', accent: '#58a6ff' },
  { paper: '#fff8e7', ink: '#402000', faint: '#806040', line: '#e0c090', accent: '#d2001a' },
  { paper: '#0000aa', ink: '#ffffff', faint: '#aaaaaa', line: '#00aaaa', accent: '#ffff55' },
];

const WORDS =
  'account order total status pending shipped review settings profile export weekly report customer error warning ok build deploy branch merge query table index cache server region zone price tax net gross user team role admin search filter'.split(
    ' ',
  );

/**
 * @param {string} seed
 * @param {string} chromium the program
 * @param {number} count
 * @returns {Promise<Picture[]>}
 */
export async function screens(seed, chromium, count) {
  const rng = random(`${seed} screens`);
  const kinds = [table, code, form, article, dashboard, chat];
  const panels = Array.from({ length: count }, (_, n) => panel(rng, kinds[n % kinds.length]));
  const page = `<!doctype html><meta charset="utf-8"><style>*{box-sizing:border-box;margin:0}body{width:${WIDTH}px}
    section{width:${WIDTH}px;height:${HEIGHT}px;overflow:hidden;padding:10px;font:13px sans-serif}
    table{border-collapse:collapse;width:100%}td,th{padding:2px 6px;text-align:left}</style>${panels.join('')}`;
  const shot = await shoot(chromium, page, WIDTH, HEIGHT * count);
  return Promise.all(
    panels.map(async (_, n) => {
      const part = { left: 0, top: n * HEIGHT, width: WIDTH, height: HEIGHT };
      const name = `${n}-${kinds[n % kinds.length].name}`;
      return picture('screen', name, await rgb(sharp(shot).extract(part)), 'Chromium');
    }),
  );
}

/** One screenshot of a page. */
async function shoot(chromium, page, width, height) {
  const folder = mkdtempSync(path.join(tmpdir(), 'upscaler-screens-'));
  try {
    const [html, png] = [path.join(folder, 'page.html'), path.join(folder, 'page.png')];
    writeFileSync(html, page);
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run'];
    const size = ['--force-device-scale-factor=1', `--window-size=${width},${height}`];
    const place = [
      `--user-data-dir=${path.join(folder, 'profile')}`,
      `--screenshot=${png}`,
      `file://${html}`,
    ];
    const { status, stderr, error } = spawnSync(chromium, [...flags, ...size, ...place], {
      timeout: MOST_SECONDS * 1000,
      encoding: 'utf8',
      // It wants the system's fonts, not those that are left for the texts.
      env: { ...process.env, FONTCONFIG_FILE: undefined },
    });
    if (status !== 0) throw new Error(`${chromium} failed: ${error?.message ?? stderr.slice(-500)}`);
    return readFileSync(png);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Random} rng @param {(rng: Random, theme: typeof THEMES[0]) => string} content */
function panel(rng, content) {
  const theme = rng.pick(THEMES);
  const size = rng.pick([11, 12, 13, 14, 16]);
  const style = `background:${theme.paper};color:${theme.ink};font-size:${size}px`;
  return `<section style="${style}">${content(rng, theme)}</section>`;
}

const words = (/** @type {Random} */ rng, /** @type {number} */ count) =>
  Array.from({ length: count }, () => rng.pick(WORDS)).join(' ');
const rows = (/** @type {number} */ count, /** @type {(n: number) => string} */ make) =>
  Array.from({ length: count }, (_, n) => make(n)).join('');

function table(rng, { line, accent, faint }) {
  const badge = () =>
    `<b style="background:${rng.pick(['#2da44e', '#cf222e', '#bf8700', accent])};color:#fff;border-radius:8px;padding:0 6px">${rng.pick(WORDS)}</b>`;
  const row = (n) =>
    `<tr style="border-top:1px solid ${line}"><td>${1000 + n}</td><td><a href="#" style="color:${accent}">${words(rng, 2)}</a></td><td style="color:${faint}">${rng.integer(1, 9999)}.${rng.integer(10, 99)}</td><td>${badge()}</td></tr>`;
  return `<table><tr><th>#</th><th>Name</th><th>Sum</th><th>State</th></tr>${rows(12, row)}</table>`;
}

function code(rng, { faint, accent }) {
  const row = (n) =>
    `<span style="color:${faint}">${String(n + 1).padStart(3)}</span>  ${'  '.repeat(rng.integer(0, 3))}<span style="color:${accent}">${rng.pick(['const', 'return', 'await', 'if'])}</span> ${rng.pick(WORDS)}(<span style="color:#c586c0">'${words(rng, 2)}'</span>, ${rng.integer(0, 4096)});\n`;
  return `<pre style="font-family:monospace">${rows(18, row)}</pre>`;
}

function form(rng, { line, accent, paper }) {
  const field = () =>
    `<label style="display:block;margin-bottom:6px">${words(rng, 2)}<input value="${words(rng, 3)}" style="display:block;width:90%;border:1px solid ${line};background:${paper};color:inherit;font:inherit;padding:3px"></label>`;
  const choice = () =>
    `<label><input type="${rng.pick(['checkbox', 'radio'])}" ${rng.next() < 0.5 ? 'checked' : ''}> ${rng.pick(WORDS)} </label>`;
  return `<h3>${words(rng, 2)}</h3>${rows(3, field)}${rows(4, choice)}<p><button style="background:${accent};color:#fff;border:0;padding:6px 16px;font:inherit">Save</button> <button>Cancel</button> <select><option>${rng.pick(WORDS)}</select> <progress value="${rng.next()}"></progress></p>`;
}

function article(rng, { faint, accent }) {
  return `<h2 style="font-family:serif">${words(rng, 4)}</h2><p style="color:${faint}">${words(rng, 5)}</p><p style="font-family:serif;text-align:justify">${rows(6, () => `${words(rng, 9)} <a href="#" style="color:${accent}">${rng.pick(WORDS)}</a>, <i>${rng.pick(WORDS)}</i>. `)}</p>`;
}

function dashboard(rng, { line, accent, faint }) {
  const card = () =>
    `<div style="display:inline-block;width:115px;border:1px solid ${line};border-radius:6px;padding:6px;margin:2px;box-shadow:0 1px 4px #0004"><small style="color:${faint}">${rng.pick(WORDS)}</small><br><b style="font-size:1.6em">${rng.integer(1, 9999)}</b> <span style="color:${rng.pick(['#2da44e', '#cf222e'])}">▲ ${rng.integer(1, 99)}%</span></div>`;
  const bars = rows(
    24,
    (n) =>
      `<rect x="${n * 15}" y="${100 - rng.integer(4, 96)}" width="11" height="100" fill="${n % 5 ? accent : '#cf222e'}"/>`,
  );
  return `${rows(3, card)}<svg width="360" height="100">${bars}<path d="M0 99.5H360M0 50H360" stroke="${line}"/></svg>${rows(3, card)}`;
}

function chat(rng, { accent, line }) {
  const message = (n) =>
    `<div style="text-align:${n % 2 ? 'right' : 'left'};margin:3px"><span style="display:inline-block;width:18px;height:18px;border-radius:9px;background:${rng.pick(['#ff0000', '#00aa55', '#ffcc00', '#7700ff'])}"></span> <span style="display:inline-block;border-radius:10px;padding:4px 10px;background:${n % 2 ? accent : line};color:${n % 2 ? '#ffffff' : 'inherit'}">${words(rng, rng.integer(2, 6))}</span></div>`;
  return rows(9, message);
}
