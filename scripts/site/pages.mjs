/** The pages of the site: docs/, the cards of the models, and what stands beside them in the repository. */
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../install.mjs';

/** Pages of the repository by where they are on the site. */
const BESIDE = {
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'security.md',
  'bench/networks.md': 'bench/networks.md',
  'bench/results.md': 'bench/results.md',
};

/** @returns {Record<string, string>} paths in the repository, and on the site */
export function pages() {
  const docs = readdirSync(path.join(ROOT, 'docs')).filter((file) => file.endsWith('.md'));
  const families = readdirSync(path.join(ROOT, 'models'));
  return {
    ...Object.fromEntries(docs.map((file) => [`docs/${file}`, file])),
    ...Object.fromEntries(families.map((family) => [`models/${family}/README.md`, `models/${family}.md`])),
    ...BESIDE,
  };
}

/**
 * @param {string} out the folder of the site's pages
 * @param {string} [repository] `owner/name`: where links to files that are no pages lead. Without it they are no links.
 */
export function writePages(out, repository) {
  const all = pages();
  for (const [source, target] of Object.entries(all)) {
    const file = path.join(out, target);
    mkdirSync(path.dirname(file), { recursive: true });
    const text = readFileSync(path.join(ROOT, source), 'utf8');
    writeFileSync(file, relink(text, source, all, repository));
  }
  cpSync(path.join(ROOT, 'docs', 'images'), path.join(out, 'images'), { recursive: true });
}

/**
 * Links as they lead from a page of the site.
 *
 * @param {string} text
 * @param {string} source its file in the repository
 * @param {Record<string, string>} all
 * @param {string} [repository]
 * @returns {string}
 */
export function relink(text, source, all, repository) {
  const from = path.posix.dirname(all[source]);
  return outsideCode(text, (part) =>
    part.replace(/(!?)\[([^\]]*)\]\((?!https?:|#|mailto:)([^)\s]+)\)/g, (whole, image, label, link) => {
      const [target, anchor = ''] = link.split(/(?=#)/);
      const file = path.posix.normalize(path.posix.join(path.posix.dirname(source), target));
      if (file.startsWith('docs/images/')) {
        return `${image}[${label}](${relative(from, file.slice('docs/'.length))})`;
      }
      if (all[file] !== undefined) return `[${label}](${relative(from, all[file])}${anchor})`;
      if (file === 'README.md') return `[${label}](${relative(from, 'index.md')})`;
      if (file === 'index.d.ts') return `[${label}](${relative(from, 'api/index.md')})`;
      return repository ? `[${label}](https://github.com/${repository}/blob/main/${file}${anchor})` : label;
    }),
  );
}

/**
 * @param {string} from a folder
 * @param {string} to
 */
function relative(from, to) {
  const way = path.posix.relative(from, to);
  return way.startsWith('.') ? way : `./${way}`;
}

/**
 * @param {string} text
 * @param {(part: string) => string} change
 */
function outsideCode(text, change) {
  return text
    .split(/(^```[^]*?^```$|`[^`\n]+`)/m)
    .map((part, i) => (i % 2 === 0 ? change(part) : part))
    .join('');
}
