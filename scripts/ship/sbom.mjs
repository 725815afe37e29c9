/** What is in a package, as a CycloneDX 1.6 document: crates, ONNX Runtime, weights. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ROOT } from '../install.mjs';
import { linkedCrates } from './crate-notices.mjs';
import { platforms } from './platforms.mjs';
import { pinned } from './runtime-library.mjs';

const require = createRequire(import.meta.url);
const { entries } = require('../../lib/catalogue');

/** The file's name within a package, as CycloneDX recommends it. */
export const SBOM = 'sbom.cdx.json';

/**
 * @typedef {{ name: string, version: string, license: string, description?: string }} Manifest
 * @typedef {Record<string, unknown>} Component
 */

/**
 * @param {Manifest} manifest of the package
 * @param {Component[]} components
 * @returns {string} without a date and a serial number, so that the same package has the same bytes
 */
export function sbom({ name, version, license, description }, components) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'library',
        'bom-ref': purl,
        name,
        version,
        ...(description ? { description } : {}),
        licenses: licences(license),
        purl,
      },
    },
    components,
    dependencies: [{ ref: purl, dependsOn: components.map((component) => component['bom-ref']) }],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/**
 * The addon's crates, with the hashes that Cargo.lock has of them, and ONNX Runtime.
 *
 * @param {string} triple
 * @returns {Component[]}
 */
export function nativeComponents(triple) {
  const checksums = checksumsOf(readFileSync(path.join(ROOT, 'Cargo.lock'), 'utf8'));
  const crates = linkedCrates(triple).map(({ name, version, license }) => {
    const purl = `pkg:cargo/${name}@${version}`;
    const content = checksums.get(`${name} ${version}`);
    return {
      type: 'library',
      'bom-ref': purl,
      name,
      version,
      ...(content ? { hashes: [{ alg: 'SHA-256', content }] } : {}),
      ...(license ? { licenses: licences(license.replaceAll('/', ' OR ')) } : {}),
      purl,
    };
  });
  return [...crates, onnxRuntime(triple)];
}

/**
 * @param {string} triple
 * @returns {Component} as the wheel whose library it is
 */
function onnxRuntime(triple) {
  const { version, hashes } = pinned();
  const content = hashes[platforms.findIndex((platform) => platform.triple === triple)];
  const purl = `pkg:pypi/onnxruntime@${version}`;
  return {
    type: 'library',
    'bom-ref': purl,
    name: 'onnxruntime',
    version,
    hashes: [{ alg: 'SHA-256', content }],
    licenses: licences('MIT'),
    purl,
  };
}

/**
 * Networks whose weights are in a package.
 *
 * @param {string[]} files of the package, relative to it
 * @returns {Component[]}
 */
export function modelComponents(files) {
  const held = entries.filter(({ family, file }) =>
    files.some((packed) => packed === file || packed === `models/${family}/${file}`),
  );
  return held.map(({ id, sha256, license, authors, description, origin }) => ({
    type: 'machine-learning-model',
    'bom-ref': `model:${id}`,
    name: id,
    version: origin.version,
    description,
    authors: [{ name: authors }],
    hashes: [{ alg: 'SHA-256', content: sha256 }],
    licenses: licences(license),
  }));
}

/** @param {string} expression of SPDX */
function licences(expression) {
  return [{ expression }];
}

/** @param {string} lock */
function checksumsOf(lock) {
  const packages = lock.matchAll(/^name = "(.*)"\nversion = "(.*)"\nsource = .*\nchecksum = "(.*)"/gm);
  return new Map([...packages].map(([, name, version, checksum]) => [`${name} ${version}`, checksum]));
}
