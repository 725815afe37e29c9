/**
 * What builds, traces, tests and runs applications, over the packages as they are installed: bundlers, frameworks, test
 * runners, a process manager and other runtimes. Each is installed with npm into an application of its own.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../install.mjs';

const TYPE_MODULE = `import Upscaler from 'upscaler-node';
const upscaler = new Upscaler();
const { data, info } = await upscaler.upscale('./picture.png', { resolveWithObject: true });
console.log(Buffer.isBuffer(data), info.width, info.height);
`;
const ENTRY = TYPE_MODULE.replace('const { data', 'export const done = (async () => {\nconst { data').concat(
  '})();\n',
);
const SAYS = /^true 48 32$/m;

/** A server of pictures, on node:http. */
const SERVER = `const { createServer } = require('node:http');
const { buffer } = require('node:stream/consumers');
const Upscaler = require('upscaler-node');
const upscaler = new Upscaler();
createServer(async (request, response) => {
  const png = await upscaler.upscale(await buffer(request));
  response.setHeader('content-type', 'image/png').end(png);
}).listen(process.env.PORT, '127.0.0.1');
`;

/**
 * \`node ask.mjs FOLDER PATH COMMAND…\`: starts a server, posts the picture to it and stops it. The folder is moved to
 * where nothing of the application is above it, unless it is the application itself.
 */
const ASK = `import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
const [folder, route, program, ...args] = process.argv.slice(2);
const apart = folder === '.' ? undefined : mkdtempSync(path.join(tmpdir(), 'upscaler-node-apart-'));
if (apart) cpSync(folder, apart, { recursive: true, verbatimSymlinks: true });
const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address();
probe.close();
const server = spawn(program, args, {
  cwd: apart ?? '.',
  env: { ...process.env, PORT: String(port), HOSTNAME: '127.0.0.1' },
  stdio: ['ignore', 'inherit', 'inherit'],
  timeout: 120_000,
});
const exited = once(server, 'exit');
try {
  const body = readFileSync('picture.png');
  const ask = () => fetch('http://127.0.0.1:' + port + route, { method: 'POST', body });
  let response;
  for (let tries = 0; response === undefined && tries < 300 && server.exitCode === null; tries += 1) {
    response = await ask().catch(() => undefined);
    if (response === undefined) await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const png = Buffer.from(await response.arrayBuffer());
  console.log('answered', response.status, png.readUInt32BE(16), png.readUInt32BE(20));
} finally {
  server.kill('SIGINT');
  await exited;
  if (apart) rmSync(apart, { recursive: true, force: true });
}
`;
const ANSWERED = /^answered 200 48 32$/m;

/** What docs/install.md tells Electron's packagers to leave outside of an archive. */
const [, UNPACKED] = /asar: \{ unpack: '(.*?)'/.exec(
  readFileSync(path.join(ROOT, 'docs', 'install.md'), 'utf8'),
);

/** An application as Electron has it: an archive, the files that were left outside of it, and nothing else. */
const ARCHIVE = `import { createPackageWithOptions } from '@electron/asar';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
cpSync('node_modules', 'app/node_modules', { recursive: true });
const apart = mkdtempSync(path.join(tmpdir(), 'upscaler-node-archive-'));
try {
  await createPackageWithOptions('app', path.join(apart, 'app.asar'), { unpack: ${JSON.stringify(UNPACKED)} });
  cpSync('picture.png', path.join(apart, 'picture.png'));
  const program = [path.resolve('node_modules/asar-node/bin/asar-node.js'), 'app.asar'];
  const { stdout, stderr } = spawnSync(process.execPath, program, { cwd: apart, encoding: 'utf8' });
  console.log(stdout, stderr);
} finally {
  rmSync(apart, { recursive: true, force: true });
}
`;

/**
 * @typedef {object} Tool
 * @property {string[]} install packages
 * @property {Record<string, import('./application.mjs').Step>} steps
 */

/** @type {Record<string, Tool>} */
export const TOOLS = {
  esbuild: {
    install: ['esbuild@0.28.2'],
    steps: {
      'with the package inside': bundled('node_modules/esbuild/bin/esbuild', 'inside.cjs', [
        ...['entry.mjs', '--bundle', '--minify', '--platform=node', '--outfile=inside.cjs'],
      ]),
      'with the package external': bundled('node_modules/esbuild/bin/esbuild', 'external.mjs', [
        ...['entry.mjs', '--bundle', '--platform=node', '--format=esm', '--external:upscaler-node'],
        '--outfile=external.mjs',
      ]),
    },
  },
  webpack: {
    install: ['webpack@5.113.0', 'webpack-cli@7.0.3'],
    steps: {
      'with the package inside': bundled(
        'node_modules/webpack-cli/bin/cli.js',
        'dist/inside.cjs',
        ['-c', 'inside.config.cjs'],
        { 'inside.config.cjs': webpackConfig('inside.cjs', '{}') },
      ),
      'with the package external': bundled(
        'node_modules/webpack-cli/bin/cli.js',
        'dist/external.cjs',
        ['-c', 'external.config.cjs'],
        {
          'external.config.cjs': webpackConfig(
            'external.cjs',
            `{ 'upscaler-node': 'commonjs upscaler-node' }`,
          ),
        },
      ),
    },
  },
  Rollup: {
    install: [
      'rollup@4.68.8',
      '@rollup/plugin-commonjs',
      '@rollup/plugin-node-resolve',
      '@rollup/plugin-json',
    ],
    steps: {
      'with the package inside': bundled(
        'node_modules/rollup/dist/bin/rollup',
        'inside.mjs',
        ['-c', 'inside.config.mjs'],
        {
          'inside.config.mjs': `import commonjs from '@rollup/plugin-commonjs';
import json from '@rollup/plugin-json';
import { nodeResolve } from '@rollup/plugin-node-resolve';
export default {
  input: 'entry.mjs',
  plugins: [nodeResolve({ preferBuiltins: true }), commonjs(), json()],
  output: { file: 'inside.mjs', format: 'es' },
};
`,
        },
      ),
      'with the package external': bundled('node_modules/rollup/dist/bin/rollup', 'external.mjs', [
        ...['entry.mjs', '--external', 'upscaler-node', '--file', 'external.mjs'],
      ]),
    },
  },
  'Vite, server-side rendering': {
    install: ['vite@8.4.0'],
    steps: {
      'as it is': bundled('node_modules/vite/bin/vite.js', 'dist/entry.mjs', [
        ...['build', '--ssr', 'entry.mjs'],
      ]),
    },
  },
  '@vercel/nft': {
    install: ['@vercel/nft@1.11.5'],
    steps: {
      'what it traces is enough': {
        command: ['node', 'traced.mjs'],
        files: {
          'entry.mjs': TYPE_MODULE,
          'traced.mjs': `import { nodeFileTrace } from '@vercel/nft';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
const { fileList } = await nodeFileTrace(['entry.mjs']);
const apart = mkdtempSync(path.join(tmpdir(), 'upscaler-node-traced-'));
try {
  for (const file of [...fileList, 'picture.png']) cpSync(file, path.join(apart, file));
  const { stdout, stderr } = spawnSync(process.execPath, ['entry.mjs'], { cwd: apart, encoding: 'utf8' });
  console.log(stdout, stderr);
} finally {
  rmSync(apart, { recursive: true, force: true });
}
`,
        },
        says: SAYS,
      },
    },
  },
  'Next.js': {
    install: ['next@16.4.6', 'react@19', 'react-dom@19'],
    steps: {
      'builds output: standalone': {
        command: ['node', 'node_modules/next/dist/bin/next', 'build'],
        env: { NEXT_TELEMETRY_DISABLED: '1' },
        files: {
          'next.config.mjs': `export default {
  output: 'standalone',
  outputFileTracingRoot: import.meta.dirname,
  serverExternalPackages: ['upscaler-node'],
  outputFileTracingIncludes: {
    '/upscale': ['./node_modules/upscaler-node/models/**', './node_modules/@upscaler-node/linux-*/**'],
  },
};
`,
          'app/layout.jsx':
            'export default function Layout({ children }) {\n  return <html lang="en"><body>{children}</body></html>;\n}\n',
          'app/page.jsx': 'export default function Page() {\n  return <p>Pictures</p>;\n}\n',
          'app/upscale/route.js': `import Upscaler from 'upscaler-node';
const upscaler = new Upscaler();
export async function POST(request) {
  return new Response(await upscaler.upscale(request.body), { headers: { 'content-type': 'image/png' } });
}
`,
        },
        says: /\/upscale/,
      },
      'runs by itself': {
        command: ['node', 'ask.mjs', '.next/standalone', '/upscale', process.execPath, 'server.js'],
        files: { 'ask.mjs': ASK },
        says: ANSWERED,
      },
    },
  },
  Jest: {
    install: ['jest@30.5.2'],
    steps: {
      'a test, and the end': {
        command: ['node', 'node_modules/jest/bin/jest.js', '--detectOpenHandles', '--runInBand'],
        files: { 'picture.test.js': testFile(`const Upscaler = require('upscaler-node');`) },
        says: /^(?![^]*(did not exit|open handle))[^]*1 passed/,
      },
    },
  },
  Vitest: {
    install: ['vitest@5.1.2'],
    steps: {
      'a test, and the end': {
        command: ['node', 'node_modules/vitest/vitest.mjs', 'run'],
        files: {
          'picture.test.mjs': testFile(
            `import { expect, test } from 'vitest';\nimport Upscaler from 'upscaler-node';`,
          ),
        },
        says: /^(?![^]*(close timed out|hanging))[^]*1 passed/,
      },
    },
  },
  pm2: {
    install: ['pm2@7.0.4'],
    steps: {
      'a cluster of two': {
        command: [
          ...['node', 'ask.mjs', '.', '/', process.execPath],
          ...['node_modules/pm2/bin/pm2-runtime', 'start', 'server.cjs', '-i', '2'],
        ],
        env: { PM2_HOME: '.pm2' },
        files: { 'server.cjs': SERVER, 'ask.mjs': ASK },
        says: ANSWERED,
      },
    },
  },
  // Electron's own program is not on npm: asar-node gives Node its view of an archive.
  asar: {
    install: ['@electron/asar@3.4.1', 'asar-node@3.1.1'],
    steps: {
      'runs from an archive': {
        command: ['node', 'archive.mjs'],
        files: {
          'archive.mjs': ARCHIVE,
          'app/package.json': '{ "name": "app", "main": "main.js" }',
          'app/main.js': `const Upscaler = require('upscaler-node');
new Upscaler().upscale('./picture.png', { resolveWithObject: true }).then(({ data, info }) => {
  console.log(Buffer.isBuffer(data), info.width, info.height);
});
`,
        },
        says: SAYS,
      },
    },
  },
  ...runtimes(),
};

/** Of npm's packages of other runtimes, that with the program for this machine. */
function runtimes() {
  if (process.platform !== 'linux') return {};
  const bun = process.arch === 'x64' ? '@oven/bun-linux-x64' : '@oven/bun-linux-aarch64';
  const deno = process.arch === 'x64' ? '@deno/linux-x64-glibc' : '@deno/linux-arm64-glibc';
  return {
    Bun: {
      install: [`${bun}@1.4.5`],
      steps: {
        'one picture': {
          command: [`node_modules/${bun}/bin/bun`, 'entry.mjs'],
          files: { 'entry.mjs': TYPE_MODULE },
          says: SAYS,
        },
      },
    },
    Deno: {
      install: [`${deno}@2.9.6`],
      steps: {
        'one picture': {
          command: [`node_modules/${deno}/deno`, 'run', '--allow-all', 'entry.mjs'],
          files: { 'entry.mjs': TYPE_MODULE },
          says: SAYS,
        },
      },
    },
  };
}

/**
 * A bundle is made, and run.
 *
 * @param {string} bundler
 * @param {string} made its file
 * @param {string[]} args
 * @param {Record<string, string>} [files]
 * @returns {import('./application.mjs').Step}
 */
function bundled(bundler, made, args, files) {
  return {
    command: ['node', bundler, ...args],
    files: { 'entry.mjs': ENTRY, ...files },
    then: ['node', made],
    says: SAYS,
  };
}

/**
 * @param {string} filename
 * @param {string} externals
 */
function webpackConfig(filename, externals) {
  return `module.exports = {
  mode: 'production',
  target: 'node20',
  entry: './entry.mjs',
  externals: ${externals},
  output: { path: __dirname + '/dist', filename: '${filename}' },
};
`;
}

/** @param {string} head what brings the class */
function testFile(head) {
  return `${head}
test('a picture becomes twice as large', async () => {
  const { width } = await new Upscaler().upscale('./picture.png', { output: 'raw' });
  expect(width).toBe(48);
}, 60_000);
`;
}
