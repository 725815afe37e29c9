/** What is written from the catalogue: each family's package, and the tables and the plot of docs/models.md. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { ROOT } from '../install.mjs';
import { groupBy } from './group.mjs';
import { packageFiles } from './package-files.mjs';
import { plot } from './plot.mjs';
import { readme } from './readme.mjs';
import { tables } from './tables.mjs';

const require = createRequire(import.meta.url);
const { entries } = require('../../lib/catalogue');

/** @returns {Promise<[string, string][]>} files relative to the repository, and their text */
export async function pages() {
  const families = groupBy(entries, ({ family }) => family);
  const written = [...families].flatMap(([family, models]) =>
    [...packageFiles(models), ['README.md', readme(models)]].map(([file, text]) => [
      `models/${family}/${file}`,
      text,
    ]),
  );
  written.push(['docs/models.md', withTables(readFileSync(path.join(ROOT, 'docs/models.md'), 'utf8'))]);
  written.push(['docs/images/quality-speed.svg', plot(entries)]);
  return Promise.all(written.map(async ([file, text]) => [file, await formatted(file, text)]));
}

/**
 * @param {string} text with `<!-- table: name -->` and `<!-- end -->` around each table
 */
function withTables(text) {
  return text.replace(
    /(<!-- table: (\w+) -->)[^]*?(<!-- end -->)/g,
    (_, start, name, end) => `${start}\n\n${tables[name](entries)}\n\n${end}`,
  );
}

/**
 * @param {string} file
 * @param {string} text
 */
async function formatted(file, text) {
  if (['', '.svg'].includes(path.extname(file))) return text;
  const target = path.join(ROOT, file);
  return format(text, { ...(await resolveConfig(target)), filepath: target });
}
