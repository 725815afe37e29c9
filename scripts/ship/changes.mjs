/** What CHANGELOG.md says of this version: the text of its page of the release. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from '../install.mjs';

/**
 * @param {string} changelog
 * @param {string} version
 * @returns {string}
 */
export function changesOf(changelog, version) {
  const [, ...sections] = changelog.split(/^## /m);
  const section = sections.find((text) => text.split(/\s/, 1)[0] === version);
  if (section === undefined) throw new Error(`CHANGELOG.md says nothing of ${version}`);
  return section.slice(section.indexOf('\n')).trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
  console.log(changesOf(read('CHANGELOG.md'), JSON.parse(read('package.json')).version));
}
