/** The licences of the crates that the addon is built from, as their authors ask for them to be passed on. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../install.mjs';

const LICENCE_FILE = /^(licen[cs]e|copying|notice|copyright|unlicense)/i;

/**
 * @param {string} triple the target that the addon is built for
 * @returns {string}
 */
export function crateNotices(triple) {
  const crates = linkedCrates(triple);
  const texts = crates.map(({ name, version, license, manifest_path: manifest }) => {
    const folder = path.dirname(manifest);
    const files = readdirSync(folder, { withFileTypes: true }).filter(
      (entry) => entry.isFile() && LICENCE_FILE.test(entry.name),
    );
    const bodies = files.map((file) => readFileSync(path.join(folder, file.name), 'utf8').trim());
    return [`${name} ${version} (${license ?? 'see below'})`, ...bodies].join('\n\n');
  });
  return `The addon is built from these crates.\n\n${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

/**
 * Crates of the registry that end up in the addon: neither tools of the build nor what only tests use.
 *
 * @param {string} triple
 */
export function linkedCrates(triple) {
  const args = ['metadata', '--format-version', '1', '--locked', '--filter-platform', triple];
  const { packages, resolve } = JSON.parse(
    execFileSync('cargo', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }),
  );
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const seen = new Set();
  const visit = (id) => {
    if (seen.has(id)) return;
    seen.add(id);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      if (kinds.some(({ kind }) => kind === null)) visit(pkg);
    }
  };
  visit(resolve.root);
  return packages
    .filter(({ id, source }) => seen.has(id) && source !== null)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
