'use strict';

const { fork } = require('node:child_process');
const { once } = require('node:events');
const Upscaler = require('../../..');
const { picture, sum } = require('./picture');

/**
 * A process that computes, and children of it (`child_process.fork`) that do the same, begun before, during and after its own
 * work. Prints how many of their results are its own.
 */

async function child() {
  const upscaler = new Upscaler();
  process.send(await sum(upscaler));
  await upscaler.dispose();
  process.disconnect();
}

async function main() {
  const children = [];
  const begin = () => {
    const begun = fork(__filename, ['child']);
    children.push(Promise.all([once(begun, 'message'), once(begun, 'exit')]));
  };
  begin();
  const upscaler = new Upscaler();
  const own = await sum(upscaler);
  const large = upscaler.upscale(picture(400));
  begin();
  await large;
  begin();
  await upscaler.dispose();
  begin();
  const said = await Promise.all(children);
  console.log(
    said.filter(([[found], [code, signal]]) => found === own && code === 0 && signal === null).length,
  );
}

if (process.argv[2] === 'child') child();
else main();
