// @ts-check

/**
 * What is on screen, as a program. Pure: a situation in, texts out.
 *
 * @typedef {{
 *   picture: string,
 *   format: string,
 *   alpha: boolean,
 *   model: string,
 *   definition?: { path: string, scale?: number, inputRange?: number[], outputRange?: number[] },
 *   precision?: string,
 *   guard?: boolean,
 *   options: Record<string, any>,
 * }} Situation picture: the file's name. format: what it is, such as `JPEG`. model: `default`, or a name of the
 *   catalogue; with a definition, a file of the user's own. options: of `upscale`, those that differ from the defaults
 */

/** @type {{ id: string, title: string, file: string, make: (situation: Situation) => string }[]} */
export const LANGUAGES = [
  { id: 'commonjs', title: 'CommonJS', file: 'upscale.cjs', make: commonJs },
  { id: 'esm', title: 'ESM', file: 'upscale.mjs', make: esm },
  { id: 'typescript', title: 'TypeScript', file: 'upscale.ts', make: typeScript },
  { id: 'cli', title: 'Command line', file: 'upscale.sh', make: commandLine },
  { id: 'express', title: 'Express', file: 'server.cjs', make: express },
];

/** Formats that results can have, and the endings of their files. */
const ENDINGS = /** @type {Record<string, string>} */ ({
  JPEG: 'jpg',
  PNG: 'png',
  WebP: 'webp',
  AVIF: 'avif',
  TIFF: 'tiff',
});

/** @param {Situation} situation */
function commonJs(situation) {
  return `const { writeFile } = require('node:fs/promises');
const Upscaler = require('upscaler-node');

async function main() {
${indent(body(situation))}
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
`;
}

/** @param {Situation} situation */
function esm(situation) {
  return `import { writeFile } from 'node:fs/promises';
import Upscaler from 'upscaler-node';

${body(situation)}
`;
}

/** @param {Situation} situation */
function typeScript(situation) {
  return `import { writeFile } from 'node:fs/promises';
import { Upscaler, type UpscalerOptions, type UpscaleOptions } from 'upscaler-node';

const model: UpscalerOptions = ${literal(constructorOptions(situation))};
const options: UpscaleOptions<'buffer'> = ${literal(situation.options)};

async function main(): Promise<void> {
  const upscaler = new Upscaler(model);
  const input = ${quote(`./${situation.picture}`)};
  const { data, info } = await upscaler.upscale(input, { ...options, resolveWithObject: true });
  await writeFile(${quote(`./${outputName(situation)}`)}, data);
  console.log(\`\${info.width} x \${info.height} by \${info.model} in \${Math.round(info.durationMs)} ms\`);
  await upscaler.dispose();
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
`;
}

/** @param {Situation} situation */
function body(situation) {
  const own = constructorOptions(situation);
  return `const upscaler = new Upscaler(${Object.keys(own).length > 0 ? literal(own) : ''});
const { data, info } = await upscaler.upscale(${quote(`./${situation.picture}`)}, ${literal({ ...situation.options, resolveWithObject: true })});
await writeFile(${quote(`./${outputName(situation)}`)}, data);
console.log(\`\${info.width} x \${info.height} by \${info.model} in \${Math.round(info.durationMs)} ms\`);
await upscaler.dispose();`;
}

/** @param {Situation} situation */
function express(situation) {
  return `const express = require('express');
const { Upscaler } = require('upscaler-node');

// One instance for all requests. Strings from outside are never read as files.
const upscaler = new Upscaler(${literal({ ...constructorOptions(situation), allowPaths: false })});
const app = express();

app.post('/upscale', express.raw({ type: 'image/*', limit: '20mb' }), async (req, res, next) => {
  const gone = new AbortController();
  res.on('close', () => gone.abort());
  try {
    const { data, info } = await upscaler.upscale(req.body, ${shifted(literal({ ...situation.options, resolveWithObject: true }, { signal: 'gone.signal' }))});
    res.type(info.format).send(data);
  } catch (error) {
    if (!gone.signal.aborted) next(error);
  }
});

const server = app.listen(process.env.PORT ?? 3000, () => {
  console.log(\`POST a picture to http://localhost:\${server.address().port}/upscale\`);
});
`;
}

/** Options of the command line, by those of `upscale`. */
const FLAGS = /** @type {Record<string, string>} */ ({
  scale: '--scale',
  width: '--width',
  height: '--height',
  fit: '--fit',
  format: '--format',
  quality: '--quality',
  lossless: '--lossless',
  depth: '--depth',
  alpha: '--alpha',
  keepMetadata: '--keep-metadata',
});

/** @param {Situation} situation */
function commandLine(situation) {
  const { picture, model, definition, precision, guard, options } = situation;
  const words = [
    'npx',
    'upscaler-node',
    'upscale',
    shell(`./${picture}`),
    '-o',
    shell(`./${outputName(situation)}`),
  ];
  if (definition) words.push('--model', shell(`./${definition.path}`));
  else if (model !== 'default') words.push('--model', shell(model));
  if (precision) words.push('--precision', precision);
  if (guard !== undefined) words.push(guard ? '--guard' : '--no-guard');
  for (const [name, value] of Object.entries(options)) {
    const flag = FLAGS[name];
    if (flag !== undefined) words.push(flag, ...(value === true ? [] : [shell(String(value))]));
  }
  const told = [...Object.keys(definition ?? {}), ...Object.keys(options)];
  const untold = told.filter((name) => name !== 'path' && FLAGS[name] === undefined);
  const note =
    untold.length > 0 ? `# Without ${untold.join(', ')}: the command line has no such options.\n` : '';
  return `${note}${words.join(' ')}\n`;
}

/** @param {Situation} situation */
function constructorOptions({ model, definition, precision, guard }) {
  return {
    ...(definition
      ? { model: { ...definition, path: `./${definition.path}` } }
      : model !== 'default' && { model }),
    ...(precision && { precision }),
    ...(guard !== undefined && { guard }),
  };
}

/** @param {Situation} situation @returns {string} */
export function outputName({ picture, format, alpha, options }) {
  const stem = picture.replace(/\.[^.]*$/, '') || picture;
  // As the library chooses: the picture's own format, unless it cannot hold the result.
  const own = format === 'JPEG' && alpha ? 'png' : (ENDINGS[format] ?? 'png');
  const wanted = options.format === 'jpeg' ? 'jpg' : options.format;
  return `${stem}-large.${wanted ?? own}`;
}

/** Longer objects are broken over lines. */
const LINE = 72;

/**
 * @param {Record<string, any>} object
 * @param {Record<string, string>} [expressions] more members, which are expressions
 * @returns {string}
 */
function literal(object, expressions = {}) {
  const members = [
    ...Object.entries(object).map(([name, value]) => `${name}: ${written(value)}`),
    ...Object.entries(expressions).map(([name, expression]) => `${name}: ${expression}`),
  ];
  if (members.length === 0) return '{}';
  const line = `{ ${members.join(', ')} }`;
  return line.length <= LINE ? line : `{\n${members.map((member) => `${indent(member)},\n`).join('')}}`;
}

/** @param {any} value @returns {string} */
function written(value) {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (typeof value === 'object') return literal(value);
  return typeof value === 'string' ? quote(value) : String(value);
}

/** @param {string} text */
function quote(text) {
  const escaped = JSON.stringify(text);
  return text.includes("'") ? escaped : `'${escaped.slice(1, -1).replace(/\\"/g, '"')}'`;
}

/** @param {string} word */
function shell(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}

/** @param {string} text */
function indent(text) {
  return text.replace(/^(?=.)/gm, '  ');
}

/** @param {string} text whose first line stands after others */
function shifted(text) {
  return text.replace(/\n/g, '\n    ');
}
