/** A registry of our own on loopback: what is published to it stays there, and the rest comes from npm's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { execute } from './application.mjs';

/** Not a dependency of the clone: 300 packages that only the rehearsal needs. The last that runs on Node 20. */
const VERDACCIO = 'verdaccio@6.3.2';

/** One of its dependencies asks for the tag `cjs` of node-fetch, which registries that mirror npm's may not have. */
const OVERRIDES = { 'node-fetch': '2.7.0' };

/** In ms. */
const LONGEST_START = 120_000;
const LONGEST_LIFE = 60 * 60_000;

/**
 * @param {string} folder for the registry, its packages and its users
 * @returns {Promise<{ url: string, npmrc: string, close: () => Promise<void> }>} `npmrc`: a file that leads npm and
 *   pnpm to it
 */
export async function startRegistry(folder) {
  mkdirSync(folder, { recursive: true });
  const upstream = execute(folder, ['npm', 'config', 'get', 'registry']).output.trim().split('\n').at(-1);
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, overrides: OVERRIDES }));
  const installed = execute(folder, [
    'npm',
    'install',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    VERDACCIO,
  ]);
  if (installed.status !== 0) throw new Error(`Could not install ${VERDACCIO}:\n${installed.output}`);

  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  writeFileSync(path.join(folder, 'config.yaml'), configuration(folder, upstream));
  const server = spawn(
    process.execPath,
    ['node_modules/verdaccio/bin/verdaccio', '--config', 'config.yaml', '--listen', `127.0.0.1:${port}`],
    { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], timeout: LONGEST_LIFE },
  );
  process.once('exit', () => server.kill());
  const close = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill();
    await once(server, 'exit');
  };
  try {
    await untilItAnswers(url, server);
    const npmrc = path.join(folder, 'npmrc');
    writeFileSync(npmrc, `registry=${url}\n//127.0.0.1:${port}/:_authToken=${await newUser(url)}\n`);
    return { url, npmrc, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * @param {string} folder
 * @param {string} upstream
 */
function configuration(folder, upstream) {
  return `storage: ${JSON.stringify(path.join(folder, 'storage'))}
max_body_size: 200mb
auth: { htpasswd: { file: ${JSON.stringify(path.join(folder, 'users'))} } }
uplinks: { npm: { url: ${JSON.stringify(upstream)}, maxage: 60m } }
packages:
  '@upscaler-node/*': { access: $all, publish: $authenticated }
  'upscaler-node': { access: $all, publish: $authenticated }
  '**': { access: $all, proxy: npm }
log: { type: stdout, format: pretty, level: fatal }
`;
}

/** @param {string} url */
async function newUser(url) {
  const response = await fetch(`${url}-/user/org.couchdb.user:rehearsal`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'rehearsal', password: 'of-one-rehearsal' }),
  });
  const { token } = /** @type {{ token?: string }} */ (await response.json());
  if (!token) throw new Error(`The registry made no user: ${response.status}`);
  return token;
}

/**
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} server
 */
async function untilItAnswers(url, server) {
  const latest = Date.now() + LONGEST_START;
  while (Date.now() < latest && server.exitCode === null) {
    const answered = await fetch(`${url}-/ping`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`The registry did not answer at ${url}`);
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}
