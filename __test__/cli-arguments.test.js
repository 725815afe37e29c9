'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { COMMANDS } = require('../bin/arguments/commands');
const { readConfig } = require('../bin/arguments/config');
const { commandHelp, mainHelp } = require('../bin/arguments/help');
const { OPTIONS } = require('../bin/arguments/options');
const { checkOperands, parse } = require('../bin/arguments/parse');
const { UsageError } = require('../bin/arguments/usage-error');
const { complete } = require('../bin/completion/complete');
const { cli, temporaryFolder } = require('./support/cli');

const folder = temporaryFolder();

/** @param {string} line words without spaces in them */
const read = (line) => parse(line.split(' '));

/** @param {() => unknown} use @param {RegExp} message */
const refuses = (use, message) =>
  assert.throws(use, (error) => error instanceof UsageError && (assert.match(error.message, message), true));

test('pictures are upscaled where no command is named', () => {
  assert.deepEqual(read('a.png b.png -s 4'), {
    command: 'upscale',
    operands: ['a.png', 'b.png'],
    options: { scale: 4 },
  });
  assert.deepEqual(read('upscale a.png'), { command: 'upscale', operands: ['a.png'], options: {} });
  assert.deepEqual(read('--json info span-2x'), {
    command: 'info',
    operands: ['span-2x'],
    options: { json: true },
  });
});

test('options: long, short, joined, grouped, negated, the last one wins', () => {
  const { options } = read(
    'a.png -o=x.png -q90 -rn --skip-existing --no-lossless --fit=cover --scale 2 -s 3',
  );
  assert.deepEqual(options, {
    output: '=x.png',
    quality: 90,
    recursive: true,
    dryRun: true,
    skipExisting: true,
    lossless: false,
    fit: 'cover',
    scale: 3,
  });
  assert.equal(read('a.png -o -').options.output, '-');
  assert.equal(read('a.png --output=-x.png').options.output, '-x.png');
});

test('names that begin with a dash, or are those of commands', () => {
  assert.deepEqual(read('-s 2 -- -x.png models').operands, ['-x.png', 'models']);
  assert.equal(read('-- models').command, 'upscale');
  assert.deepEqual(read('./models').operands, ['./models']);
  assert.deepEqual(read('upscale models').operands, ['models']);
});

test('what is wrong is named, with what was most likely meant', () => {
  refuses(() => read('a.png --qualty 3'), /no option --qualty; did you mean --quality\?/);
  refuses(() => read('a.png --dryrun'), /did you mean --dry-run\?/);
  refuses(() => read('a.png -z'), /no option -z/);
  refuses(() => read('a.png --calibrate x'), /--calibrate is an option of quantize, not of upscale/);
  refuses(() => read('models --quality 3'), /--quality is an option of upscale, not of models/);
  refuses(
    () => read('a.png --fit covr'),
    /--fit wants one of cover, .* was given covr; did you mean cover\?/,
  );
  refuses(() => read('a.png -f jpg2'), /did you mean jpg\?/);
  refuses(() => read('a.png -o'), /-o wants a value: --output <where>/);
  refuses(() => read('a.png -o --json'), /-o wants a value.*but --json follows/);
  refuses(() => read('a.png --quiet=yes'), /--quiet takes no value but was given yes/);
  for (const wrong of ['0', '101', '1.5', 'x', '-5', '1e400'])
    refuses(() => read(`a.png -q ${wrong}`), /--quality wants a whole number from 1 to 100 but was given/);
  for (const wrong of ['0', '-2', 'x', 'Infinity', 'NaN'])
    refuses(() => read(`a.png -s ${wrong}`), /--scale wants a positive number but was given/);
  refuses(() => parse(['a.png', '-s', '']), /--scale wants a positive number but was given nothing/);
  refuses(() => parse(['a.png', '-m', '']), /--model wants a model but was given nothing/);
});

test('too many operands, and too few', () => {
  refuses(() => checkOperands(read('info a b c')), /info wants <model or file> but b c follows/);
  refuses(() => checkOperands(read('doctor now')), /doctor wants nothing more but now follows/);
  refuses(() => checkOperands(read('convert')), /convert wants <model or file>/);
  refuses(() => checkOperands(read('-s 2')), /upscale wants <picture/);
});

test('a configuration file: its options count where the command line has none', () => {
  const file = path.join(folder(), 'config.json');
  const written = (value) =>
    fs.writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
  written({ model: 'span-4x', 'skip-existing': true, keepMetadata: 'icc', quality: 80, depth: 16 });
  assert.deepEqual(readConfig(file, 'upscale'), {
    model: 'span-4x',
    skipExisting: true,
    keepMetadata: 'icc',
    quality: 80,
    depth: '16',
  });
  written({ qualty: 80 });
  refuses(
    () => readConfig(file, 'upscale'),
    /config\.json: there is no option "qualty".*did you mean quality\?/,
  );
  written({ quality: 800 });
  refuses(() => readConfig(file, 'upscale'), /config\.json: quality wants a whole number from 1 to 100/);
  for (const fit of [{ toString: 1 }, [['cover']], null, true]) {
    written({ fit });
    refuses(() => readConfig(file, 'upscale'), /fit wants one of cover/);
  }
  written('{ "quality": { "toString": 1 }, "model": "x" }');
  refuses(() => readConfig(file, 'upscale'), /quality wants a whole number .* was given an object/);
  written(`{ "fit": ${'['.repeat(20_000)}${']'.repeat(20_000)} }`);
  refuses(() => readConfig(file, 'upscale'), /fit wants one of .* was given a list/);
  written({ quiet: 'yes' });
  refuses(() => readConfig(file, 'upscale'), /quiet wants true or false but was given yes/);
  written({ __proto__: null, calibrate: 'x' });
  refuses(() => readConfig(file, 'upscale'), /no option "calibrate" of upscale/);
  written('{ "a": ');
  refuses(() => readConfig(file, 'upscale'), /not JSON/);
  written('[1]');
  refuses(() => readConfig(file, 'upscale'), /an object of options/);
  refuses(() => readConfig(`${file}.not`, 'upscale'), /--config: ENOENT/);
});

test('the help fits a terminal of 80 by 24 and begins with examples', () => {
  const lines = mainHelp().split('\n');
  assert.ok(lines.length < 24, `${lines.length} lines`);
  assert.match(lines[2], /^ {2}upscaler-node photo\.jpg/);
  for (const name of Object.keys(COMMANDS)) {
    const own = commandHelp(name).split('\n');
    const long = [...lines, ...own].filter((line) => line.length > 80);
    assert.deepEqual(long, [], name);
    assert.match(own[2], /upscaler-node/, `${name}: an example comes first`);
    assert.ok(own.length < 56, name);
  }
});

test('every example of the help is a command line that is accepted', () => {
  for (const [name, { examples }] of Object.entries(COMMANDS)) {
    assert.ok(examples.length > 0, name);
    for (const [example] of examples) {
      const line = /upscaler-node ([^|>]*?)(?:\)"|[|>]|$)/.exec(example)?.[1].trim() ?? '';
      const words = line.match(/'[^']*'|\S+/g)?.map((word) => word.replace(/^'|'$/g, '')) ?? [];
      const invocation = parse(words);
      assert.equal(invocation.command, name, example);
      checkOperands(invocation);
    }
  }
});

test('short options are unambiguous, and every option has an owner', () => {
  const shorts = Object.values(OPTIONS).flatMap(({ short }) => short ?? []);
  assert.equal(new Set(shorts).size, shorts.length);
  const owned = new Set(Object.values(COMMANDS).flatMap(({ options }) => options));
  const unowned = Object.keys(OPTIONS).filter((name) => !owned.has(name));
  assert.deepEqual(unowned.sort(), ['help', 'version']);
});

test('docs/cli.md tells of every command and option', () => {
  const page = fs.readFileSync(path.join(__dirname, '..', 'docs', 'cli.md'), 'utf8');
  for (const name of Object.keys(COMMANDS))
    assert.match(page, new RegExp(`upscaler-node ${name}|\`${name}\``), name);
  for (const [name, { short }] of Object.entries(OPTIONS)) {
    assert.ok(page.includes(`--${name}`), `--${name}`);
    if (short !== undefined) assert.ok(page.includes(`-${short}, --${name}`), `-${short}`);
  }
});

test('completion: commands, options, values, models, and when the shell is to offer files', () => {
  const values = (...words) => complete(words).map(({ value }) => value);
  assert.deepEqual(values('inf'), ['info', ':files']);
  assert.deepEqual(values('--qu'), ['--quality', '--quiet']);
  assert.deepEqual(values('info', '--'), ['--scale', '--json', '--help', '--version']);
  assert.deepEqual(values('a.png', '--fit', 'co'), ['cover', 'contain']);
  assert.deepEqual(values('a.png', '--fit', '=', 'co'), ['cover', 'contain'], 'as bash splits it');
  assert.deepEqual(values('a.png', '--fit='), [
    '--fit=cover',
    '--fit=contain',
    '--fit=fill',
    '--fit=inside',
    '--fit=outside',
  ]);
  assert.deepEqual(values('a.png', '-m', 'span-'), ['span-2x', 'span-4x', ':files']);
  assert.deepEqual(values('compare', '--models', 'span-2x,span-'), ['span-2x,span-2x', 'span-2x,span-4x']);
  assert.deepEqual(values('quantize', 'x', '--calibrate', ''), [':folders']);
  assert.deepEqual(values('a.png', '-q', ''), []);
  assert.deepEqual(values('completion', ''), ['bash', 'zsh', 'fish']);
  assert.deepEqual(values(), [...Object.keys(COMMANDS), ':files']);
});

test('exit codes and streams of help, version and mistakes', async () => {
  const [none, help, own, version, wrong, misspelt] = await Promise.all([
    cli([]),
    cli(['--help']),
    cli(['bench', '-h']),
    cli(['-v']),
    cli(['a.png', '--qualty', '3']),
    cli(['moddels']),
  ]);
  assert.deepEqual([none.code, none.stdout], [2, '']);
  assert.equal(none.stderr, help.stdout);
  assert.deepEqual([help.code, help.stderr], [0, '']);
  assert.match(own.stdout, /upscaler-node bench/);
  assert.equal(version.stdout, `${require('../package.json').version}\n`);
  assert.equal(wrong.code, 2);
  assert.match(
    wrong.stderr,
    /^upscaler-node: there is no option --qualty; did you mean --quality\?\nTry: upscaler-node upscale --help\n$/,
  );
  assert.equal(misspelt.code, 2);
  assert.match(misspelt.stderr, /no file and no command moddels; did you mean models\?/);
});
