/** Native addons are loaded, not bundled; routes may end in .mjs. */
export default {
  serverExternalPackages: ['upscaler-node'],
  pageExtensions: ['mjs', 'js', 'jsx', 'ts', 'tsx'],
};
