// @ts-check
'use strict';

const { examine } = require('../doctor/examine');
const { print } = require('../terminal/output');
const { abilities, painter } = require('../terminal/style');
const { pad, wrap } = require('../terminal/text');

/**
 * `upscaler-node doctor`: what is installed here and what is wrong, to be read and to be pasted into a report.
 *
 * @param {import('../arguments/commands').Invocation} invocation
 * @returns {Promise<number>} 1 if something is wrong
 */
async function run({ options }) {
  const { facts, findings } = await examine();
  const exitCode = findings.some(({ severity }) => severity === 'wrong') ? 1 : 0;
  if (options.json) {
    await print(JSON.stringify({ facts, findings }, null, 2));
    return exitCode;
  }
  const paint = painter(abilities(process.stdout).colour);
  const width = Math.max(...Object.keys(facts).map((name) => name.length));
  const lines = Object.entries(facts).flatMap(([name, value]) =>
    [value]
      .flat()
      .flatMap((each) => wrap(each, (process.stdout.columns ?? Infinity) - width - 3))
      .map((each, i) => `${paint('dim', pad(i === 0 ? name : '', width))}  ${each}`),
  );
  const told = findings.map(({ severity, text }) =>
    severity === 'wrong' ? `${paint('red', 'wrong')}  ${text}` : `${paint('yellow', 'note')}   ${text}`,
  );
  if (exitCode === 0) told.push(paint('green', 'Nothing is wrong.'));
  await print([...lines, '', ...told].join('\n'));
  return exitCode;
}

module.exports = { run };
