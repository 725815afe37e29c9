#!/usr/bin/env node
// @ts-check
'use strict';

// Arguments are parsed by node:util and the bar is a few lines: a parser from npm would be installed with every
// server that never runs this program.
const { readFile, writeFile } = require('node:fs/promises');
const path = require('node:path');
const { parseArgs } = require('node:util');

const USAGE = `Usage: upscaler-node <command>

  upscale <image> -o <image>     upscale a picture ("-" is standard input or output)
    -m, --model <model>            a name, package or path (default: what suits the picture)
    -s, --scale <number>           final size, relative to the input
        --width, --height <px>     final size in pixels
        --fit <mode>               cover, contain, fill, inside or outside
    -f, --format <format>          png, jpeg, webp or tiff (default: by the output's name)
    -q, --quality <1..100>         of JPEG and WebP (default: 90)
        --lossless                 WebP without loss
        --timeout <ms>             give up after this time
        --quiet                    no progress bar, no summary
  convert <model> -o <file.onnx> write any model as a standard ONNX file
  info <model>                   all that is known of a model, one's own file too
    -s, --scale <number>           chooses among a family's models
        --json                     as JSON
  quantize <model>               write any model as a standard ONNX file that computes in int8
        --calibrate <folder>           pictures like those that the model is for
    -o, --output <file.onnx>         (default: the model's name with .int8.onnx)
  models                         list the catalogue
    -s, --scale <number>           those of one scale
        --json                     as JSON

  -h, --help · -v, --version
`;

const OPTIONS = /** @satisfies {import('node:util').ParseArgsConfig['options']} */ (
  /** @type {const} */ ({
    output: { type: 'string', short: 'o' },
    calibrate: { type: 'string' },
    model: { type: 'string', short: 'm' },
    scale: { type: 'string', short: 's' },
    width: { type: 'string' },
    height: { type: 'string' },
    fit: { type: 'string' },
    format: { type: 'string', short: 'f' },
    quality: { type: 'string', short: 'q' },
    lossless: { type: 'boolean' },
    timeout: { type: 'string' },
    quiet: { type: 'boolean' },
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'v' },
  })
);

/** @typedef {Record<string, any>} Values */

/** What the user typed is wrong: said in one line, without a stack. */
class UsageError extends Error {}

main().catch((error) => {
  const shown = error instanceof UsageError || 'code' in error ? error.message : (error.stack ?? error);
  process.stderr.write(`upscaler-node: ${shown}\n`);
  process.exitCode = 1;
});

async function main() {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const [command, ...operands] = positionals;
  if (values.version) return print(require('../package.json').version);
  if (values.help || command === undefined) return print(USAGE.trimEnd());
  switch (command) {
    case 'upscale':
      return upscale(one(operands, 'image'), values);
    case 'convert':
      return convert(one(operands, 'model'), values);
    case 'info':
      return info(one(operands, 'model'), values);
    case 'quantize':
      return quantize(one(operands, 'model'), values);
    case 'models':
      return listModels(values);
    default:
      throw new UsageError(`there is no command ${command}; see upscaler-node --help`);
  }
}

/**
 * @param {string} input
 * @param {Values} values
 */
async function upscale(input, values) {
  const Upscaler = require('../index.js');
  const { progressBar } = require('./progress-bar');
  const output = required(values.output, '-o <image>');
  const image = input === '-' ? process.stdin : await readFile(input);
  const bar = values.quiet ? undefined : progressBar(process.stderr, path.basename(input));

  const upscaler = new Upscaler({ model: values.model });
  const { data, info } = await upscaler.upscale(image, {
    format: values.format ?? formatOf(output),
    quality: number(values.quality, '--quality'),
    lossless: values.lossless,
    scale: number(values.scale, '--scale'),
    width: number(values.width, '--width'),
    height: number(values.height, '--height'),
    fit: values.fit,
    timeout: number(values.timeout, '--timeout'),
    progress: (fraction) => bar?.update(fraction),
    resolveWithObject: true,
  });
  bar?.stop();
  if (output === '-') process.stdout.write(data);
  else await writeFile(output, data);
  await upscaler.dispose();
  if (!values.quiet) {
    process.stderr.write(
      `${output}: ${info.width} x ${info.height}, ${info.model}, ${Math.round(info.durationMs)} ms\n`,
    );
  }
}

/**
 * @param {string} model
 * @param {Values} values
 */
async function convert(model, values) {
  const { convertModel } = require('../lib/convert');
  const output = required(values.output, '-o <file.onnx>');
  const onnx = await convertModel(model, { scale: number(values.scale, '--scale') });
  await writeFile(output, onnx);
  process.stderr.write(`${output}: ${onnx.length} bytes\n`);
}

/**
 * @param {string} model
 * @param {Values} values
 */
async function info(model, values) {
  const { modelFacts, show } = require('./info');
  const facts = await modelFacts(model, number(values.scale, '--scale'));
  print(values.json ? JSON.stringify(facts, null, 2) : show(facts));
}

/**
 * @param {string} model
 * @param {Values} values
 */
async function quantize(model, values) {
  const { quantizeModel } = require('../lib/quantize');
  const folder = required(values.calibrate, '--calibrate <folder of pictures>');
  const output = values.output ?? `${path.parse(model).name}.int8.onnx`;
  const made = await quantizeModel(model, folder, { scale: number(values.scale, '--scale') });
  await writeFile(output, made.onnx);
  process.stderr.write(
    `${output}: ${made.onnx.length} bytes (${made.floatBytes} in float32), ` +
      `${made.integerOperators} of ${made.operators} operators in int8; ` +
      `${made.psnr.toFixed(1)} dB against float32 on ${made.comparedOn} parts of the pictures ` +
      `(calibrated on ${made.calibratedOn} others)\n`,
  );
}

/** @param {Values} values */
function listModels(values) {
  const models = require('../lib/models').listModels({ scale: number(values.scale, '--scale') });
  if (values.json) return print(JSON.stringify(models, null, 2));
  const rows = models.map(({ id, scale, domain, parameters, license, installed }) => [
    id,
    `${scale}x`,
    domain,
    `${(parameters / 1e6).toFixed(2)} M`,
    license,
    installed ? 'yes' : 'no',
  ]);
  print(table(['id', 'scale', 'for', 'parameters', 'licence', 'installed'], rows));
}

/**
 * @param {string[]} head
 * @param {string[][]} rows
 */
function table(head, rows) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** @param {string} text */
function print(text) {
  process.stdout.write(`${text}\n`);
}

/**
 * @param {string[]} operands
 * @param {string} what
 */
function one(operands, what) {
  if (operands.length !== 1) throw new UsageError(`expected one ${what} but found ${operands.length}`);
  return operands[0];
}

/**
 * @param {string | undefined} value
 * @param {string} what
 */
function required(value, what) {
  if (value === undefined) throw new UsageError(`expected ${what}`);
  return value;
}

/**
 * @param {string | undefined} text
 * @param {string} name
 */
function number(text, name) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value))
    throw new UsageError(`expected a number for ${name} but found ${text}`);
  return value;
}

/**
 * @param {string} file
 * @returns {any} checked with the other options; `undefined` lets the input's format decide
 */
function formatOf(file) {
  return path.extname(file).slice(1).toLowerCase() || undefined;
}
