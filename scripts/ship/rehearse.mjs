/**
 * `npm run rehearse [-- NAME…]`: publishes the packages to a registry on loopback and uses them as applications do, in
 * folders that have nothing of this checkout in reach: with npm, pnpm and both Yarns (`managers`), with bundlers,
 * frameworks, test runners and other runtimes (`tools`), then installed wrongly, where the error has to name the cause
 * (`failures`). NAME is one of these three groups, or one of their entries. It wants a build (`npm run build --
 * --dist` for what is published).
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from '../install.mjs';
import { STEPS, TYPE_STEPS, execute, inApplication, runStep } from './application.mjs';
import { FAILURES } from './failures.mjs';
import { MANAGERS } from './managers.mjs';
import { packMain, packModel, packPlatform, packStandIn } from './pack.mjs';
import { platforms, thisPlatform } from './platforms.mjs';
import { startRegistry } from './registry.mjs';
import { TOOLS } from './tools.mjs';

/** The package of one family stands for all: one script writes them. */
const FAMILY = 'real-esrgan';

/** Of a second main package, which an application has beside the first. */
const OTHER_VERSION = '0.0.1-rehearsal.0';

const wanted = process.argv.slice(2);
const home = mkdtempSync(path.join(tmpdir(), 'upscaler-node-rehearsal-'));
let failed = 0;
// Ended from outside, it still takes its registry with it.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
process.once('exit', () => rmSync(home, { recursive: true, force: true }));
try {
  const registry = await startRegistry(path.join(home, 'registry'));
  try {
    publish(registry);
    for (const [name, manager] of chosen('managers', MANAGERS)) await rehearse(name, manager, registry);
    for (const [name, tool] of chosen('tools', TOOLS)) await rehearseTool(name, tool, registry);
    for (const [title, failure] of chosen('failures', FAILURES)) {
      await rehearseFailure(title, failure, registry);
    }
    if (chosen('failures', { 'two versions in one tree': {} }).length > 0) await rehearseTwo(registry);
  } finally {
    await registry.close();
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;

/**
 * @template T
 * @param {string} group
 * @param {Record<string, T>} all
 * @returns {[string, T][]}
 */
function chosen(group, all) {
  return Object.entries(all).filter(
    ([name]) => wanted.length === 0 || wanted.includes(group) || wanted.includes(name),
  );
}

/** @param {{ npmrc: string }} registry */
function publish({ npmrc }) {
  const out = path.join(home, 'packages');
  mkdirSync(out);
  // The order of a release: nobody finds a main package whose platforms' packages are not there yet.
  const here = thisPlatform();
  const others = platforms.filter(({ name }) => name !== here.name);
  const archives = [
    ...others.map((platform) => packStandIn(platform, out)),
    packPlatform(here, ROOT, out),
    packMain(out),
    packModel(FAMILY, out),
  ];
  for (const archive of archives) publishArchive(archive, npmrc);
}

/**
 * @param {string} archive
 * @param {string} npmrc
 * @param {string} [tag]
 */
function publishArchive(archive, npmrc, tag = 'latest') {
  check(`publish ${path.basename(archive)}`, () => {
    const command = ['npm', 'publish', '--tag', tag, '--userconfig', npmrc, archive];
    const { status, output } = execute(path.dirname(archive), command);
    if (status !== 0) throw new Error(output);
  });
}

/**
 * @param {string} name
 * @param {import('./managers.mjs').Manager} manager
 * @param {{ url: string, npmrc: string }} registry
 */
async function rehearse(name, manager, { url, npmrc }) {
  await inApplication((folder) => {
    const { program, node, env } = manager.prepare(folder, { url, npmrc, home });
    const environment = { ...env, NPM_CONFIG_USERCONFIG: npmrc };
    const installed = check(`${name}: install`, () => {
      const command = [...program, ...manager.add, 'upscaler-node', `@upscaler-node/${FAMILY}`];
      const { status, output } = execute(folder, command, environment);
      if (status !== 0) throw new Error(output);
    });
    if (!installed) return;
    // Where types are found does not depend on who laid out the folders.
    const steps = name === 'npm' ? { ...STEPS, ...TYPE_STEPS } : STEPS;
    for (const [title, step] of Object.entries(steps)) {
      if (!manager.hasFolders && step === STEPS['the command line']) {
        const command = [...program, 'run', 'upscaler-node', ...step.command.slice(2)];
        check(`${name}: ${title}`, () => runStep(folder, { ...step, command }, environment));
      } else {
        const command = step.command[0] === 'node' ? [...node, ...step.command.slice(1)] : step.command;
        check(`${name}: ${title}`, () => runStep(folder, { ...step, command }, environment));
      }
    }
  });
}

/**
 * @param {string} name
 * @param {import('./tools.mjs').Tool} tool
 * @param {{ npmrc: string }} registry
 */
async function rehearseTool(name, { install, steps }, { npmrc }) {
  await inApplication((folder) => {
    const installed = check(`${name}: install`, () => {
      installWithNpm(folder, ['--ignore-scripts', 'upscaler-node'], npmrc);
      // What is not ours comes from where it always does, which is faster.
      installWithNpm(folder, ['--ignore-scripts', '--prefer-offline', ...install]);
    });
    if (!installed) return;
    for (const [title, step] of Object.entries(steps)) {
      check(`${name}: ${title}`, () => runStep(folder, step));
    }
  });
}

/**
 * @param {string} title
 * @param {import('./failures.mjs').Failure} failure
 * @param {{ npmrc: string }} registry
 */
async function rehearseFailure(title, { install, spoil, node = ['node'], says }, { npmrc }) {
  await inApplication((folder) => {
    check(title, () => {
      installWithNpm(folder, [...install, 'upscaler-node'], npmrc);
      spoil?.(folder, npmrc);
      const ran = execute(folder, [...node, '-e', 'new (require("upscaler-node"))()']);
      if ((ran.status === 0) !== (says.length === 0))
        throw new Error(`It ended with ${ran.status}:\n${ran.output}`);
      for (const part of says) {
        if (!ran.output.includes(part)) throw new Error(`Expected ${part} in\n${ran.output}`);
      }
    });
  });
}

/**
 * A dependency of an application has another version than the application: both load and run in one process.
 *
 * @param {{ npmrc: string }} registry
 */
async function rehearseTwo({ npmrc }) {
  const out = path.join(home, 'other-version');
  mkdirSync(out);
  const options = { version: OTHER_VERSION };
  for (const archive of [packPlatform(thisPlatform(), ROOT, out, options), packMain(out, options)]) {
    publishArchive(archive, npmrc, 'other');
  }
  await inApplication((folder) => {
    check('two versions in one tree', () => {
      // Not all of the models' packages, which are optional peers of both, are on this registry.
      const flags = ['--legacy-peer-deps'];
      installWithNpm(folder, [...flags, 'upscaler-node', `other@npm:upscaler-node@${OTHER_VERSION}`], npmrc);
      runStep(folder, {
        command: ['node', 'two.cjs'],
        files: {
          'two.cjs': `const both = [require('upscaler-node'), require('other')];
const versions = new Set(both.map(({ versions }) => versions['upscaler-node']));
const upscale = (Upscaler) => new Upscaler().upscale('./picture.png');
Promise.all(both.map(upscale)).then(([one, two]) => console.log(versions.size, one.equals(two)));
`,
        },
        says: /^2 true$/m,
      });
    });
  });
}

/**
 * @param {string} folder
 * @param {string[]} args
 * @param {string} [npmrc]
 */
function installWithNpm(folder, args, npmrc) {
  const command = ['npm', 'install', '--no-audit', '--no-fund', ...args];
  const { status, output } = execute(folder, command, npmrc && { NPM_CONFIG_USERCONFIG: npmrc });
  if (status !== 0) throw new Error(output);
}

/**
 * @param {string} title
 * @param {() => void} work
 * @returns {boolean} whether it worked
 */
function check(title, work) {
  const began = performance.now();
  try {
    work();
    console.log(`ok      ${title} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
    return true;
  } catch (error) {
    failed += 1;
    console.log(`failed  ${title}\n${/** @type {Error} */ (error).message.replace(/^/gm, '        ')}`);
    return false;
  }
}
