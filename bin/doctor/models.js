// @ts-check
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { entries } = require('../../lib/catalogue');
const { locate } = require('../../lib/locate');
const { packageFolder } = require('../../lib/packages');

/**
 * The models that can be used, and whether their files are those of the catalogue.
 *
 * @typedef {import('./examine').Finding} Finding
 * @typedef {import('../../lib/catalogue/entry').Entry} Entry
 */

/** @returns {{ lines: string[], findings: Finding[] }} */
function modelFacts() {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  /** @type {Finding[]} */
  const findings = [];
  for (const entry of entries) {
    const place = locate(entry);
    if (place === undefined) continue;
    const where = 'folder' in place ? 'here' : place.module.split('/').slice(0, 2).join('/');
    found.set(where, [...(found.get(where) ?? []), entry.id]);
    const broken = whyBroken(entry, 'folder' in place ? place.folder : packageFolder(entry.package));
    if (broken !== undefined) findings.push({ severity: 'wrong', text: `model ${entry.id}: ${broken}` });
  }
  const lines = [...found].map(([where, ids]) =>
    where === 'here' ? ids.join(', ') : `${where}: ${ids.join(', ')}`,
  );
  return { lines: lines.length > 0 ? lines : ['none'], findings };
}

/**
 * @param {Entry} entry
 * @param {string | undefined} folder `undefined`: in UpscalerJS's package, whose files are not ours
 */
function whyBroken({ file, sha256, modelType, package: name }, folder) {
  if (folder === undefined || modelType === 'graph') return undefined;
  const weights = path.join(folder, file);
  if (!fs.existsSync(weights)) return undefined;
  const found = crypto.createHash('sha256').update(fs.readFileSync(weights)).digest('hex');
  if (found === sha256) return undefined;
  return `${weights} is not the file that the catalogue knows (sha256 ${found.slice(0, 12)}… instead of ${sha256.slice(0, 12)}…): npm install ${name}`;
}

module.exports = { modelFacts };
