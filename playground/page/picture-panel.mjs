// @ts-check
import { json, upload } from './api.mjs';
import { announce, byId, h, icon } from './dom.mjs';
import { bytes, counted, megapixels, size } from './format.mjs';
import { factorOf, state, update, watch } from './state.mjs';

/** Opening a picture, and what it is. */

const ORIENTATIONS = [
  '',
  '',
  'mirrored',
  'upside down',
  'mirrored, upside down',
  'mirrored, turned',
  'turned right',
  'mirrored, turned',
  'turned left',
];

export function startPicturePanel() {
  const input = byId('file');
  input.addEventListener('change', () => {
    if (input.files[0]) void openFile(input.files[0]);
    input.value = '';
  });
  for (const button of document.querySelectorAll('[data-open]'))
    button.addEventListener('click', () => input.click());
  document.addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])][0];
    if (file) void openFile(file);
  });
  watch(['server'], showSamples);
  watch(['picture', 'opening', 'chosen', 'options'], show);
}

function showSamples() {
  for (const list of document.querySelectorAll('[data-samples]')) {
    if (list.childElementCount === state.server.samples.length) continue;
    list.replaceChildren(...state.server.samples.map(sampleButton));
  }
}

/** @param {{ id: string, file: string, title: string }} sample */
function sampleButton({ id, file, title }) {
  const image = h('img', {
    src: `/samples/${file}`,
    alt: '',
    width: 64,
    height: 64,
    loading: 'lazy',
    decoding: 'async',
  });
  const button = h(
    'button',
    { type: 'button', class: 'sample', title, onclick: () => openSample(id) },
    image,
    h('span', {}, title),
  );
  return h('li', {}, button);
}

/** @param {string} id */
export function openSample(id) {
  return open('Opening the sample', () => json(`samples/${id}`, { method: 'POST' }));
}

/** @param {File} file */
export function openFile(file) {
  const { pictureBytes } = state.server.limits;
  if (file.size > pictureBytes) {
    update({
      opening: { error: `${file.name} has ${bytes(file.size)}; at most ${bytes(pictureBytes)} are taken.` },
    });
    return undefined;
  }
  const name = file.name || `pasted.${file.type.split('/')[1] ?? 'png'}`;
  return open(`Opening ${name}`, () => upload('pictures', file, name), `${name}: `);
}

/** @param {string} id of a picture that is open in this run of the playground */
export function openKnown(id) {
  return open('Opening the picture', () => json(`pictures/${id}`));
}

/**
 * @param {string} what
 * @param {() => Promise<any>} get
 * @param {string} [about] in front of what went wrong
 */
async function open(what, get, about = '') {
  update({ opening: { busy: what } });
  announce(what);
  try {
    const picture = await get();
    update({ picture, opening: {} });
    announce(`${picture.name}: ${size(picture.facts)} pixels`);
  } catch (/** @type {any} */ error) {
    update({ opening: { error: about + error.message } });
  }
}

function show() {
  const { picture, opening } = state;
  document.body.classList.toggle('has-picture', picture !== null);
  byId('facts').replaceChildren(...(picture ? facts(picture) : []));
  const notice = byId('notice');
  notice.hidden = opening.busy === undefined && opening.error === undefined;
  notice.className = opening.error ? 'notice error' : 'notice';
  notice.replaceChildren(
    opening.error ? icon('alert') : h('span', { class: 'spinner', 'aria-hidden': 'true' }),
    h('span', {}, opening.error ?? `${opening.busy ?? ''} …`),
    opening.error
      ? h(
          'button',
          { type: 'button', class: 'ghost', 'aria-label': 'Dismiss', onclick: () => update({ opening: {} }) },
          icon('close'),
        )
      : '',
  );
  void showChoice();
}

/** @param {import('./state.mjs').Picture} picture */
function facts({ name, facts: found }) {
  const { format, quality, lossless, subsampling, depth, colour, profile, orientation, frames, progressive } =
    found;
  const words = [
    quality === undefined ? lossless && `${format} without loss` : `${format}, quality about ${quality}`,
    quality === undefined && !lossless && format,
    subsampling,
    progressive && 'progressive',
    depth && depth !== 8 && `${depth} bits`,
    colour && colour !== 'colour' && colour,
    found.alpha && !colour?.includes('alpha') && 'alpha',
    profile,
    orientation > 1 && `EXIF: ${ORIENTATIONS[orientation]}`,
    frames > 1 && counted(frames, 'frame'),
  ];
  return [
    h('p', { class: 'picture-name', title: name }, name),
    h(
      'p',
      { class: 'muted' },
      `${size(found)} · ${megapixels(found.width * found.height)} · ${bytes(found.bytes)}`,
    ),
    h(
      'ul',
      { class: 'tags', 'aria-label': 'What the file is' },
      words.filter(Boolean).map((word) => h('li', {}, word)),
    ),
  ];
}

let asked = '';

async function showChoice() {
  const { picture } = state;
  const target = byId('choice');
  if (picture === null) return target.replaceChildren();
  const path = `pictures/${picture.id}/choice/${factorOf('default')}`;
  if (asked === path) return;
  asked = path;
  try {
    const { model, why } = await json(path);
    if (asked === path)
      target.replaceChildren(
        h('p', {}, 'The default takes ', h('strong', {}, model.split('+').join(', then ')), '.'),
        h('p', { class: 'muted' }, why),
      );
  } catch {
    asked = '';
    target.replaceChildren();
  }
}
