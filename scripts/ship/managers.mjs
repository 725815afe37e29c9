/** The package managers that applications use, each at one version. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execute } from './application.mjs';

/**
 * @typedef {object} Prepared
 * @property {string[]} program the manager's own command
 * @property {string[]} node that which runs a module of the application
 * @property {NodeJS.ProcessEnv} [env]
 *
 * @typedef {object} Manager
 * @property {string[]} add its arguments before the names of packages
 * @property {boolean} hasFolders whether packages lie in node_modules
 * @property {(folder: string, places: { url: string, npmrc: string, home: string }) => Prepared} prepare
 */

/** @type {Record<string, Manager>} */
export const MANAGERS = {
  npm: {
    add: ['install', '--no-audit', '--no-fund'],
    hasFolders: true,
    prepare: () => ({ program: ['npm'], node: ['node'] }),
  },
  pnpm: {
    add: ['add'],
    hasFolders: true,
    prepare: (_, { home }) => ({
      program: ['node', tool(home, 'pnpm', '10.34.8', 'bin/pnpm.cjs')],
      node: ['node'],
      env: { npm_config_store_dir: path.join(home, 'pnpm-store') },
    }),
  },
  'yarn-classic': {
    add: ['add', '--no-progress', '--non-interactive'],
    hasFolders: true,
    prepare: (folder, { url, home }) => {
      writeFileSync(path.join(folder, '.yarnrc'), `registry "${url}"\n`);
      return {
        program: ['node', tool(home, 'yarn', '1.22.22', 'bin/yarn.js')],
        node: ['node'],
        env: { YARN_CACHE_FOLDER: path.join(home, 'yarn-classic-cache') },
      };
    },
  },
  'yarn-pnp': {
    add: ['add'],
    hasFolders: false,
    prepare: (folder, { url, home }) => {
      const settings = [
        `npmRegistryServer: "${url}"`,
        'unsafeHttpWhitelist: ["127.0.0.1"]',
        'nodeLinker: pnp',
        'pnpEnableEsmLoader: true',
        'enableTelemetry: false',
        'enableGlobalCache: false',
        'npmMinimalAgeGate: 0',
      ];
      writeFileSync(path.join(folder, '.yarnrc.yml'), `${settings.join('\n')}\n`);
      writeFileSync(path.join(folder, 'yarn.lock'), '');
      const program = ['node', tool(home, '@yarnpkg/cli-dist', '4.18.1', 'bin/yarn.js')];
      // What Yarn remembers of a registry names its port, which another rehearsal does not have.
      const env = {
        YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
        YARN_GLOBAL_FOLDER: path.join(home, 'yarn-berry'),
      };
      return { program, node: [...program, 'node'], env };
    },
  },
};

/**
 * Installs a manager from npm, once.
 *
 * @param {string} home
 * @param {string} name
 * @param {string} version
 * @param {string} entry
 * @returns {string} its program
 */
function tool(home, name, version, entry) {
  const folder = path.join(home, 'tools', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  const flags = ['--no-audit', '--no-fund', '--ignore-scripts'];
  const { status, output } = execute(folder, ['npm', 'install', ...flags, `${name}@${version}`]);
  if (status !== 0) throw new Error(`Could not install ${name}@${version}:\n${output}`);
  return path.join(folder, 'node_modules', name, entry);
}
