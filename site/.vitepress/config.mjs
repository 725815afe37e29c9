import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitepress';

/** Where it is published beneath: a project's pages of GitHub have the name of the repository. */
const base = process.env.SITE_BASE ?? '/';
const repository = process.env.GITHUB_REPOSITORY;
const families = readdirSync(new URL('../../models', import.meta.url));

export default defineConfig({
  base,
  srcDir: 'pages',
  outDir: 'dist',
  lang: 'en',
  title: 'upscaler-node',
  description: 'AI image upscaling for Node servers',
  // scripts/site/links.mjs checks them, with their anchors.
  ignoreDeadLinks: true,
  // No icon, rather than a request for one that is not there.
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Install', link: '/install' },
      { text: 'Models', link: '/models' },
      { text: 'API', link: '/api/' },
      { text: 'Changes', link: '/changelog' },
    ],
    sidebar: [
      {
        text: 'Use',
        items: [
          { text: 'Installing', link: '/install' },
          { text: 'Models', link: '/models' },
          { text: 'API', link: '/api/' },
          { text: 'Pictures', link: '/formats' },
          { text: 'On a server', link: '/server' },
          { text: 'On many machines', link: '/scale' },
          { text: 'Command line', link: '/cli' },
          { text: 'Playground', link: '/playground' },
          { text: 'From UpscalerJS', link: '/migrating' },
          { text: 'Troubleshooting', link: '/troubleshooting' },
        ],
      },
      {
        text: 'Model cards',
        collapsed: true,
        items: families.map((family) => ({ text: family, link: `/models/${family}` })),
      },
      {
        text: 'Inside',
        collapsed: true,
        items: [
          { text: 'Performance', link: '/performance' },
          { text: 'Architecture', link: '/architecture' },
          { text: 'Kernels', link: '/kernels' },
          { text: 'Decisions', link: '/decisions' },
          { text: 'Training', link: '/training' },
          { text: 'Contributing', link: '/contributing' },
          { text: 'Security', link: '/security' },
        ],
      },
    ],
    ...(repository ? { socialLinks: [{ icon: 'github', link: `https://github.com/${repository}` }] } : {}),
  },
});
