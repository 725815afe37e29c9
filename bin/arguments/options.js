// @ts-check
'use strict';

const { ALPHAS, FITS, FORMATS, METADATA, PRECISIONS } = require('../../lib/options');

/**
 * Every option of every command, once: the parser, the help, the shell completion and docs/cli.md's test read this
 * table. An option means the same in each command that has it.
 *
 * @typedef {'flag' | 'text' | 'integer' | 'number' | 'choice' | 'file' | 'folder' | 'model' | 'models'} Kind
 * @typedef {{
 *   kind: Kind,
 *   short?: string,
 *   value?: string,
 *   help: string,
 *   min?: number,
 *   max?: number,
 *   choices?: readonly string[],
 *   negatable?: boolean,
 * }} Option `value` is what the help calls its value; `negatable`: `--no-…` says something that leaving it out does not
 */

/** @type {Readonly<Record<string, Option>>} */
const OPTIONS = {
  output: {
    kind: 'file',
    short: 'o',
    value: 'where',
    help: 'a file, folder or pattern; - is standard output',
  },
  model: {
    kind: 'model',
    short: 'm',
    value: 'model',
    help: 'a name, package or file (default: by the picture)',
  },
  scale: {
    kind: 'number',
    short: 's',
    value: 'number',
    help: 'size relative to the input; of a family, its model',
    min: 0,
  },
  width: { kind: 'integer', value: 'px', help: 'final width', min: 1 },
  height: { kind: 'integer', value: 'px', help: 'final height', min: 1 },
  fit: { kind: 'choice', value: 'how', help: 'how both are filled', choices: FITS },
  format: {
    kind: 'choice',
    short: 'f',
    value: 'format',
    help: "default: by the output's ending",
    choices: Object.keys(FORMATS),
  },
  quality: {
    kind: 'integer',
    short: 'q',
    value: '1..100',
    help: 'of lossy formats (default 90)',
    min: 1,
    max: 100,
  },
  lossless: { kind: 'flag', help: 'WebP without loss' },
  depth: {
    kind: 'choice',
    value: 'bits',
    help: "bits of a sample (default: the input's)",
    choices: ['8', '16'],
  },
  alpha: { kind: 'choice', value: 'how', help: 'what becomes of transparency', choices: ALPHAS },
  background: { kind: 'text', value: '#rrggbb', help: 'under removed transparency and around contain' },
  'keep-metadata': { kind: 'choice', value: 'what', help: 'of colour profile and EXIF', choices: METADATA },
  precision: { kind: 'choice', value: 'type', help: 'int8 where that is faster', choices: PRECISIONS },
  guard: {
    kind: 'flag',
    negatable: true,
    help: "replace what a network has blown up (default: the catalogue's word)",
  },
  threads: {
    kind: 'integer',
    short: 't',
    value: 'n',
    help: 'for the whole process (default: the cores)',
    min: 1,
    max: 1024,
  },
  concurrency: { kind: 'integer', value: 'n', help: 'pictures at a time (default 2)', min: 1, max: 64 },
  'max-pixels': {
    kind: 'integer',
    value: 'n',
    help: 'of a picture that is read (default 268 million)',
    min: 1,
  },
  'max-output-pixels': {
    kind: 'integer',
    value: 'n',
    help: 'of a result (default 1074 million)',
    min: 1,
  },
  timeout: { kind: 'number', value: 'ms', help: 'give a picture up after this time', min: 0 },
  recursive: { kind: 'flag', short: 'r', help: 'folders within folders too' },
  overwrite: { kind: 'flag', help: 'replace files that exist' },
  'skip-existing': { kind: 'flag', help: 'leave out what is there already: to resume' },
  'dry-run': { kind: 'flag', short: 'n', help: 'say what would be written, and write nothing' },
  config: { kind: 'file', value: 'file', help: 'options from a JSON file; those given here win' },
  json: { kind: 'flag', help: 'for programs: JSON on standard output' },
  quiet: { kind: 'flag', help: 'nothing but errors' },
  calibrate: { kind: 'folder', value: 'folder', help: 'pictures like those that the model is for' },
  storage: {
    kind: 'choice',
    value: 'type',
    help: 'of the weights (default float32)',
    choices: ['float32', 'float16'],
  },
  domain: { kind: 'text', value: 'what', help: 'photo, illustration, denoising, …' },
  installed: { kind: 'flag', help: 'only those that can be used at once' },
  models: { kind: 'models', value: 'a,b,c', help: 'names, separated by commas (default: those installed)' },
  crop: {
    kind: 'text',
    value: 'x,y,w,h',
    help: 'the part that is shown, in input pixels (default: the middle)',
  },
  sizes: { kind: 'text', value: 'a,b,c', help: 'sides of the pictures in pixels (default 256,512,1024)' },
  runs: { kind: 'integer', value: 'n', help: 'timed runs of each (default 5)', min: 1, max: 1000 },
  port: { kind: 'integer', value: 'n', help: 'where to listen', min: 0, max: 65535 },
  host: { kind: 'text', value: 'address', help: 'where to listen (default 127.0.0.1)' },
  open: { kind: 'flag', help: 'show the page in the browser' },
  help: { kind: 'flag', short: 'h', help: 'this text' },
  version: { kind: 'flag', short: 'v', help: 'the version' },
};

module.exports = { OPTIONS };
