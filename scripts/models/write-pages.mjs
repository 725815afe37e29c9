/** The model packages' code and pages, without their weights: what a new version changes of them. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../install.mjs';
import { pages } from './pages.mjs';

for (const [file, text] of await pages()) writeFileSync(path.join(ROOT, file), text);
