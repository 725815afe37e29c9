/** The code of a model package: one module for each model, as UpscalerJS's packages have them. */
import { createRequire } from 'node:module';
import { groupBy } from './group.mjs';

const require = createRequire(import.meta.url);
const { shortName } = require('../../lib/catalogue');
const { version } = require('../../package.json');

/**
 * @typedef {import('../../lib/catalogue/entry').Entry} Entry
 */

/**
 * @param {Entry[]} models of one family
 * @returns {[string, string][]} files within the package, and their text
 */
export function packageFiles(models) {
  const alone = isAlone(models);
  return [
    ['package.json', JSON.stringify(manifest(models), null, 2)],
    ['NOTICE', notice(models)],
    ['index.js', alone ? definition(models[0]) : index(models)],
    ['index.d.ts', alone ? DEFINITION_TYPE : indexType(models)],
    ...(alone ? [] : models.flatMap(moduleFiles)),
  ];
}

/** @param {Entry} model */
function moduleFiles(model) {
  const name = shortName(model);
  return [
    [`${name}.js`, definition(model)],
    [`${name}.d.ts`, DEFINITION_TYPE],
  ];
}

/** @param {Entry[]} models */
function manifest(models) {
  const [{ family, title, description, committed }] = models;
  const licenses = [...new Set(models.map(({ license }) => license))];
  return {
    name: `@upscaler-node/${family}`,
    version,
    description: `${title} for upscaler-node. ${description}`,
    keywords: ['upscaler-node', 'super resolution', 'image enhancement', 'onnx', models[0].architecture],
    license: licenses.length === 1 ? licenses[0] : `(${licenses.join(' AND ')})`,
    type: 'commonjs',
    main: './index.js',
    types: './index.d.ts',
    exports: exportsOf(models),
    files: ['*.js', '*.d.ts', 'LICENSE*', 'NOTICE', ...(committed ? ['*.onnx'] : ['dist'])],
    // The addon reads the weights itself, which it cannot do inside Yarn's archives.
    preferUnplugged: true,
    engines: { node: '>=20' },
    peerDependencies: { 'upscaler-node': `>=${version}` },
    ...(committed ? {} : { scripts: { prepack: `node ../../scripts/models/index.mjs ${family}` } }),
  };
}

/**
 * A family that is one model is required by its own name; one that has a model for a scale may get others.
 *
 * @param {Entry[]} models
 */
function isAlone([{ id, family }]) {
  return id === family;
}

/** @param {Entry[]} models */
function exportsOf(models) {
  const paths = isAlone(models) ? [] : models.flatMap(exportPaths);
  return {
    '.': { types: './index.d.ts', default: './index.js' },
    ...Object.fromEntries(paths),
    './package.json': './package.json',
  };
}

/**
 * A model under its name, and under its other names that are plain words.
 *
 * @param {Entry} model
 */
function exportPaths(model) {
  const name = shortName(model);
  const names = [name, ...model.aliases.filter((alias) => /^[\w.-]+$/.test(alias))];
  return names.map((each) => [`./${each}`, { types: `./${name}.d.ts`, default: `./${name}.js` }]);
}

/** @param {Entry[]} models */
function index(models) {
  const lines = models.map((model) => `'${shortName(model)}': require('./${shortName(model)}.js'),`);
  return `'use strict';\n\nmodule.exports = {\n${lines.join('\n')}\n};\n`;
}

/** @param {Entry[]} models */
function indexType(models) {
  const lines = models.map((model) => `'${shortName(model)}': ModelDefinition;`);
  return `import type { ModelDefinition } from 'upscaler-node';\n\ndeclare const models: {\n${lines.join('\n')}\n};\nexport = models;\n`;
}

const DEFINITION_TYPE = `import type { ModelDefinition } from 'upscaler-node';

declare const definition: ModelDefinition;
export = definition;
`;

/** @param {Entry} model */
function definition(model) {
  const { id, scale, channels, modelType, inputRange, outputRange, divisibilityFactor, file, sha256 } = model;
  const { architecture, size, dataset, settings, license } = model;
  const shown = {
    ...(modelType === 'graph' ? { modelType } : {}),
    scale,
    channels,
    inputRange,
    outputRange,
    ...(divisibilityFactor > 1 ? { divisibilityFactor } : {}),
    sha256,
    meta: { id, architecture, size, dataset, ...settings, license },
    _internals: { name: model.package, version, path: file },
  };
  return `'use strict';

const path = require('node:path');

module.exports = {
  path: path.join(__dirname, ${file
    .split('/')
    .map((part) => `'${part}'`)
    .join(', ')}),
  ${JSON.stringify(shown).slice(1, -1)}
};
`;
}

/** @param {Entry['origin']} origin */
function sourceOf({ registry, package: name, version }) {
  return registry === 'repository' ? 'training/ of its repository' : `${name} ${version} (${registry})`;
}

/** @param {Entry[]} models */
function notice(models) {
  const [{ title, family }] = models;
  const sources = [...groupBy(models, ({ author }) => author).values()].map((works) => {
    const [{ authors, license, licenseUrl, modelType, origin }] = works;
    const repository = origin.registry === 'repository' ? [] : [licenseUrl.split('/blob/')[0]];
    const packages = new Set(works.map(({ origin }) => sourceOf(origin)));
    return [
      works.map(({ id }) => id).join(', '),
      `  Trained weights by ${authors}.`,
      `  ${[...repository, license].join(', ')}.`,
      `  Taken from ${[...packages].join(' and ')}.`,
      `  Changed: ${modelType === 'graph' ? 'nothing.' : 'converted to ONNX, large weights stored as float16.'}`,
    ].join('\n');
  });
  return `@upscaler-node/${family}: ${title}\n\n${sources.join('\n\n')}\n`;
}
