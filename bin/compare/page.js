// @ts-check
'use strict';

const { labelsOf } = require('./labels');

/**
 * A sheet as a page that holds all of its pictures, and needs no script.
 *
 * @param {{ trial: import('./trials').Trial, png?: Buffer }[]} cells
 * @param {{ title: string, cell: { width: number, height: number } }} layout
 * @returns {string}
 */
function writePage(cells, { title, cell }) {
  const figures = cells.map(({ trial, png }) => {
    const [name, ...facts] = labelsOf(trial).map(escape);
    const picture =
      png === undefined
        ? `<div class="empty" style="aspect-ratio: ${cell.width} / ${cell.height}">${escape(trial.error?.message ?? '')}</div>`
        : `<img src="data:image/png;base64,${png.toString('base64')}" width="${cell.width}" height="${cell.height}" alt="${name}">`;
    return `<figure>${picture}<figcaption><b>${name}</b>${facts.map((fact) => `<span>${fact}</span>`).join('')}</figcaption></figure>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<style>
  :root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
  body { margin: 2rem; }
  h1 { font-size: 1.05rem; font-weight: 500; margin: 0 0 1.2rem; overflow-wrap: anywhere; }
  main { display: grid; grid-template-columns: repeat(auto-fill, min(100%, ${cell.width}px)); gap: 1.2rem; }
  figure { margin: 0; }
  img, .empty { display: block; width: 100%; height: auto; border-radius: 3px; background: #8884; }
  .empty { box-sizing: border-box; padding: 1rem; overflow: auto; overflow-wrap: anywhere; }
  figcaption { display: grid; padding-top: .4rem; }
  figcaption span { opacity: .75; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
</style>
<h1>${escape(title)}</h1>
<main>
${figures.join('\n')}
</main>
</html>
`;
}

/** @param {string} text */
function escape(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

module.exports = { writePage };
