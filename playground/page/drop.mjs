// @ts-check
import { byId } from './dom.mjs';
import { addFiles, areModel } from './model-panel.mjs';
import { openFile } from './picture-panel.mjs';
import { update } from './state.mjs';

/** Files that are dropped anywhere on the page: a picture, or the files of a model. */
export function startDrop() {
  const veil = byId('veil');
  let depth = 0;
  const show = (/** @type {boolean} */ on) => {
    veil.hidden = !on;
  };
  addEventListener('dragenter', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    depth += 1;
    show(true);
  });
  addEventListener('dragleave', () => {
    depth = Math.max(depth - 1, 0);
    if (depth === 0) show(false);
  });
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    depth = 0;
    show(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0)
      update({
        opening: {
          error:
            'Expected files, but what was dropped holds none. Pictures from other pages have to be saved first.',
        },
      });
    else if (areModel(files)) void addFiles(files);
    else void openFile(files[0]);
  });
}
