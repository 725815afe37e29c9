/** The files of a platform's package that are in the repository: all but its binaries and licences. */
import { createRequire } from 'node:module';
import { SBOM } from './sbom.mjs';

const require = createRequire(import.meta.url);
const main = require('../../package.json');

/** Licence texts that are packed beside the binaries, by the names they have in the package. */
export const LICENCES = {
  LICENSE: 'LICENSE',
  'onnxruntime-LICENSE': 'npm/licenses/onnxruntime-LICENSE',
  'onnxruntime-ThirdPartyNotices.txt': 'npm/licenses/onnxruntime-ThirdPartyNotices.txt',
};

/** Written when the package is packed, from the crates that the addon is built from. */
export const CRATE_NOTICES = 'crates-ThirdPartyNotices.txt';

/**
 * @param {import('./platforms.mjs').Platform} platform
 * @returns {[string, string][]} files within the package, and their text
 */
export function platformFiles(platform) {
  return [
    ['package.json', `${JSON.stringify(manifest(platform), null, 2)}\n`],
    ['README.md', readme(platform)],
  ];
}

/** @param {import('./platforms.mjs').Platform} platform */
function manifest({ name, os, cpu, libc, system, addon, library }) {
  return {
    name,
    version: main.version,
    description: `The native part of upscaler-node for ${system}`,
    license: main.license,
    main: addon,
    files: [addon, library, ...Object.keys(LICENCES), CRATE_NOTICES, SBOM],
    os: [os],
    cpu: [cpu],
    ...(libc ? { libc: [libc] } : {}),
    engines: main.engines,
    // Shared libraries cannot be loaded from Yarn's archives.
    preferUnplugged: true,
    publishConfig: { access: 'public' },
  };
}

/** @param {import('./platforms.mjs').Platform} platform */
function readme({ name, os, system, addon, library }) {
  const needs =
    os === 'win32'
      ? '\nIt needs the [Microsoft Visual C++ Redistributable](https://learn.microsoft.com/cpp/windows/latest-supported-vc-redist).\n'
      : '';
  return `# ${name}

The native part of [upscaler-node](https://www.npmjs.com/package/upscaler-node) for ${system}:

- \`${addon}\`: the addon;
- \`${library}\`: [ONNX Runtime](https://onnxruntime.ai), under a name of its own, so that another version of it can be
  loaded in the same process;
- the licences of both, and of what they are built from.

Do not install it by itself. \`npm install upscaler-node\` brings the package of the platform it runs on, at the version
that it needs.
${needs}`;
}
