/** Links of built pages: every one within the site leads to a file, and to an anchor if it names one. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/**
 * @param {string} dist the folder of the site
 * @returns {{ page: string, link: string }[]}
 */
export function deadLinks(dist) {
  const files = readdirSync(dist, { recursive: true }).map(String);
  const pages = files.filter((file) => file.endsWith('.html') && file !== '404.html');
  const texts = new Map(pages.map((page) => [page, readFileSync(path.join(dist, page), 'utf8')]));
  return pages.flatMap((page) =>
    linksOf(texts.get(page))
      .filter((link) => !leadsSomewhere(dist, page, link, texts))
      .map((link) => ({ page, link })),
  );
}

/** @param {string} html */
function linksOf(html) {
  const found = [...html.matchAll(/\s(?:href|src)="([^"]+)"/g)].map(([, link]) => link);
  return [...new Set(found)].filter((link) => !/^([a-z]+:|\/\/)/i.test(link));
}

/**
 * @param {string} dist
 * @param {string} page
 * @param {string} link
 * @param {Map<string, string>} texts
 */
function leadsSomewhere(dist, page, link, texts) {
  const { pathname, hash } = new URL(link.replaceAll('&amp;', '&'), `http://site/${page}`);
  const wanted = decodeURIComponent(pathname.slice(1));
  const file = [wanted, `${wanted}.html`, path.posix.join(wanted, 'index.html')].find(
    (candidate) => candidate !== '' && existsSync(path.join(dist, candidate)) && /\.\w+$/.test(candidate),
  );
  if (file === undefined) return false;
  const text = texts.get(file.split('/').join(path.sep));
  return hash === '' || text === undefined || text.includes(`id="${decodeURIComponent(hash.slice(1))}"`);
}
