// @ts-check
'use strict';

/**
 * The commands, in the order in which the help shows them. What carries one out is loaded when it is called, so that
 * `--help` and the shell completion are quick.
 *
 * @typedef {{ operands: string[], options: Record<string, any>, command: string }} Invocation `options` are named in
 *   camelCase; only those that were given are there
 * @typedef {(invocation: Invocation) => Promise<number | void>} Run what it resolves with is the exit code, 0 if nothing
 * @typedef {{
 *   summary: string,
 *   operands: string,
 *   least: number,
 *   most: number,
 *   options: string[],
 *   own?: Record<string, import('./options').Option>,
 *   examples: [string, string][],
 *   notes?: string[],
 *   load: () => Run,
 * }} Command `operands` as the help writes them; `least` and `most` are how many. `own`: options that mean
 *   something of their own here
 */

const { OPTIONS } = require('./options');
const { SERVE_OPTIONS } = require('./serve-options');

const SIZE = ['scale', 'width', 'height', 'fit'];
/** What convert and quantize write. */
const ONNX_FILE = { ...OPTIONS.output, value: 'file.onnx', help: 'the file that is written' };
const ENCODING = ['format', 'quality', 'lossless', 'depth', 'alpha', 'background', 'keep-metadata'];

/** @type {Record<string, Command>} */
const COMMANDS = {
  upscale: {
    summary: 'upscale pictures (the command where none is named)',
    operands: '<picture, folder, glob or -> …',
    least: 1,
    most: Infinity,
    options: [
      'output',
      'model',
      ...SIZE,
      ...ENCODING,
      'precision',
      'guard',
      'threads',
      'concurrency',
      'max-pixels',
      'max-output-pixels',
      'timeout',
      'recursive',
      'overwrite',
      'skip-existing',
      'dry-run',
      'config',
      'json',
      'quiet',
    ],
    examples: [
      ['upscaler-node photo.jpg', 'writes photo@2x.jpg beside it'],
      ['upscaler-node scan.png -m photo-4x -o large.webp', 'with a model of your choice'],
      ['upscaler-node photos/ -r -o out/ --skip-existing', 'a tree of folders; goes on where it stopped'],
      ["upscaler-node '*.jpg' -s 4 -o 'big/{name}-{model}.{ext}'", 'names by a pattern'],
      ['cat in.png | upscaler-node - --width 2400 > out.png', 'from and to a pipe'],
    ],
    notes: [
      'A pattern may hold {name}, {ext}, {dir} (the folder within the one that was given), {scale}, {size} (2x, 2400w) and {model}. Existing files are never replaced without --overwrite.',
      'Exit codes: 0 all done, 1 some failed, 2 a mistake in the command, 130 interrupted.',
    ],
    load: () => require('../commands/upscale').run,
  },
  models: {
    summary: 'the catalogue: which models there are',
    operands: '[word] …',
    least: 0,
    most: Infinity,
    options: ['scale', 'domain', 'installed', 'json'],
    examples: [
      ['upscaler-node models', 'all of them'],
      ['upscaler-node models anime 4x', 'those that fit these words'],
      ['upscaler-node models --installed --json', 'for programs'],
    ],
    load: () => require('../commands/models').run,
  },
  info: {
    summary: "all that is known of a model, one's own file too",
    operands: '<model or file>',
    least: 1,
    most: 1,
    options: ['scale', 'json'],
    examples: [
      ['upscaler-node info photo-4x', 'of the catalogue'],
      ['upscaler-node info esrgan-slim -s 4', "a family's model for this scale"],
      ['upscaler-node info ./mine.onnx', "one's own: what was found, and what to say of it"],
    ],
    load: () => require('../commands/info').run,
  },
  compare: {
    summary: 'one picture through several models, side by side',
    operands: '<picture>',
    least: 1,
    most: 1,
    options: ['models', 'output', 'scale', 'crop', 'threads', 'overwrite', 'json', 'quiet'],
    own: {
      output: {
        ...OPTIONS.output,
        value: 'file',
        help: 'a sheet (.png, .jpg, .webp) or a page (.html)',
      },
      scale: { ...OPTIONS.scale, help: "of every result (default: the largest of the models')" },
    },
    examples: [
      ['upscaler-node compare photo.jpg', 'photo-compare.png, with the models that are installed'],
      ['upscaler-node compare photo.jpg --models span-4x,photo-4x -o sheet.html', 'a page'],
      ['upscaler-node compare photo.jpg --crop 300,120,160,120', 'this part of it'],
    ],
    load: () => require('../commands/compare').run,
  },
  bench: {
    summary: 'how fast models are on this machine',
    operands: '[model] …',
    least: 0,
    most: Infinity,
    options: ['sizes', 'runs', 'precision', 'threads', 'json'],
    examples: [
      ['upscaler-node bench', "the default model, and sharp's Lanczos if sharp is installed"],
      ['upscaler-node bench span-4x photo-4x --sizes 512', 'two models'],
    ],
    load: () => require('../commands/bench').run,
  },
  playground: {
    summary: 'try models on your pictures in the browser',
    operands: '',
    least: 0,
    most: 0,
    options: ['port', 'open'],
    examples: [['upscaler-node playground --open', 'a page on this machine; nothing leaves it']],
    load: () => require('../commands/playground').run,
  },
  serve: {
    summary: 'upscale over HTTP',
    operands: '',
    least: 0,
    most: 0,
    options: Object.keys(SERVE_OPTIONS),
    own: SERVE_OPTIONS,
    examples: [
      ['upscaler-node serve --port 8080', 'for programs in any language: docs/server.md'],
      ['UPSCALER_TOKEN=… upscaler-node serve', 'every option can be a variable too'],
    ],
    load: () => require('../commands/serve').run,
  },
  convert: {
    summary: 'any model as a standard ONNX file',
    operands: '<model or file>',
    least: 1,
    most: 1,
    options: ['output', 'scale', 'storage', 'overwrite', 'quiet'],
    own: { output: ONNX_FILE },
    examples: [['upscaler-node convert @upscalerjs/esrgan-slim/4x -o slim-4x.onnx', '']],
    load: () => require('../commands/convert').run,
  },
  quantize: {
    summary: 'any model as an ONNX file that computes in int8',
    operands: '<model or file>',
    least: 1,
    most: 1,
    options: ['calibrate', 'output', 'scale', 'storage', 'overwrite', 'quiet'],
    own: { output: ONNX_FILE },
    examples: [['upscaler-node quantize model.onnx --calibrate photos/', 'writes model.int8.onnx']],
    load: () => require('../commands/quantize').run,
  },
  doctor: {
    summary: 'what is installed here, and what is wrong',
    operands: '',
    least: 0,
    most: 0,
    options: ['json'],
    examples: [['upscaler-node doctor', 'to be pasted into a report']],
    load: () => require('../commands/doctor').run,
  },
  completion: {
    summary: 'completion for bash, zsh or fish',
    operands: '<shell>',
    least: 1,
    most: 1,
    options: [],
    examples: [
      ['eval "$(upscaler-node completion bash)"', 'in ~/.bashrc'],
      ['eval "$(upscaler-node completion zsh)"', 'in ~/.zshrc, after compinit'],
      ['upscaler-node completion fish | source', 'in ~/.config/fish/config.fish'],
    ],
    load: () => require('../commands/completion').run,
  },
};

/** Every command has these. */
const COMMON = ['help', 'version'];

/**
 * The options of a command, by name.
 *
 * @param {string} command
 * @returns {Map<string, import('./options').Option>}
 */
function optionsOf(command) {
  const { options, own = {} } = COMMANDS[command];
  return new Map([...options, ...COMMON].map((name) => [name, own[name] ?? OPTIONS[name]]));
}

/**
 * Every option that any command has: whether it takes a value is the same in all of them.
 *
 * @returns {Map<string, import('./options').Option>}
 */
function allOptions() {
  return new Map(Object.keys(COMMANDS).flatMap((command) => [...optionsOf(command)]));
}

module.exports = { COMMANDS, COMMON, allOptions, optionsOf };
