/** `npm run platforms`: writes npm/<platform>/ from the table of platforms. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../install.mjs';
import { platformFiles } from './platform-files.mjs';
import { platforms } from './platforms.mjs';

for (const platform of platforms) {
  const folder = path.join(ROOT, 'npm', platform.folder);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of platformFiles(platform)) writeFileSync(path.join(folder, name), text);
}
