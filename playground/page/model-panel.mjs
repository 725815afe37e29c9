// @ts-check
import { json, upload } from './api.mjs';
import { announce, byId, copyButton, h } from './dom.mjs';
import { bytes, counted, rate } from './format.mjs';
import { speedOf, state, update, watch } from './state.mjs';

/** The models: the default, the catalogue and the user's own files. */

/** Files that belong to a model, as the picker offers them. */
const ENDINGS = /\.(onnx|json|bin|param|safetensors|pth|pt)$/i;

/** The bar of a model this fast, in megapixels of input per second, is full; one a thousand times slower has none. */
const FASTEST = 4;

/** What changes on a card while the page is open. @type {Map<string, { element: any, update: () => void, model: any }>} */
const cards = new Map();

export function startModelPanel() {
  byId('search').addEventListener('input', filter);
  for (const id of ['filter-scale', 'filter-domain', 'filter-installed'])
    byId(id).addEventListener('change', filter);
  const input = byId('model-files');
  input.addEventListener('change', () => {
    if (input.files.length > 0) void addFiles([...input.files]);
    input.value = '';
  });
  byId('add-model').addEventListener('click', () => input.click());
  watch(['server'], build);
  watch(['chosen', 'server', 'picture'], () => {
    for (const card of cards.values()) card.update();
    byId('chosen-count').textContent = counted(state.chosen.length, 'model');
  });
}

/** @param {File[]} files @returns {boolean} whether they are a model, rather than a picture */
export function areModel(files) {
  return files.length > 0 && files.every(({ name }) => ENDINGS.test(name));
}

function build() {
  const { models, own } = state.server;
  const wanted = [{ id: 'default' }, ...own, ...models];
  if (wanted.every(({ id }) => cards.has(id))) return;
  for (const model of wanted) if (!cards.has(model.id)) cards.set(model.id, makeCard(model));
  byId('models').replaceChildren(...wanted.map(({ id }) => cards.get(id)?.element));
  fillFilters(models);
  filter();
}

/** @param {any[]} models */
function fillFilters(models) {
  const options = (
    /** @type {string} */ id,
    /** @type {any[]} */ values,
    /** @type {(value: any) => string} */ title,
  ) => {
    const select = byId(id);
    if (select.options.length > 1) return;
    select.append(...[...new Set(values)].sort().map((value) => h('option', { value }, title(value))));
  };
  options(
    'filter-scale',
    models.map(({ scale }) => scale),
    (scale) => `${scale}×`,
  );
  options(
    'filter-domain',
    models.map(({ domain }) => domain),
    (domain) => domain.replace('-', ' '),
  );
}

function filter() {
  const words = byId('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  const [scale, domain] = [byId('filter-scale').value, byId('filter-domain').value];
  const installedOnly = byId('filter-installed').checked;
  let shown = 0;
  for (const [id, { element, model }] of cards) {
    const text = [
      id,
      model.title,
      model.description,
      model.domain,
      model.architecture,
      model.license,
      ...(model.aliases ?? []),
    ]
      .join(' ')
      .toLowerCase();
    const fits =
      words.every((/** @type {string} */ word) => text.includes(word)) &&
      (scale === '' || String(model.scale ?? model.info?.scale ?? '') === scale) &&
      (domain === '' || model.domain === domain) &&
      (!installedOnly || model.installed !== false);
    element.hidden = !fits;
    if (fits) shown += 1;
  }
  byId('no-models').hidden = shown > 0;
}

/** @param {any} model */
function makeCard(model) {
  const { id } = model;
  const box = h('input', {
    type: 'checkbox',
    id: `choose-${id}`,
    disabled: model.installed === false,
    onchange: () => choose(id, box.checked),
  });
  const bar = h('span', { class: 'speed-bar', 'aria-hidden': 'true' }, h('span', {}));
  const figure = h('span');
  const speed = h('span', { class: 'speed' }, bar, figure);
  const label = h(
    'label',
    { for: `choose-${id}` },
    h('strong', {}, nameOf(model)),
    h('span', { class: 'muted' }, titleOf(model)),
  );
  const tags = factsOf(model);
  const element = h(
    'li',
    { class: `model${model.installed === false ? ' absent' : ''}` },
    h('div', { class: 'model-head' }, box, label, speed),
    tags.length > 0 && h('p', { class: 'model-facts' }, tags),
    detailsOf(model),
  );
  const update = () => {
    box.checked = state.chosen.includes(id);
    const known = speedOf(id);
    figure.textContent = known === null ? '' : `${known.measured ? '' : '≈ '}${rate(known.speed)}`;
    speed.title =
      known === null
        ? ''
        : `${known.measured ? 'Measured on this machine while it was idle' : 'Estimated from the catalogue for this machine'}: megapixels of input per second`;
    speed.hidden = known === null;
    bar.firstChild.style.width = `${Math.max(0, 100 + (Math.log10((known?.speed ?? 0) / FASTEST) / 3) * 100)}%`;
  };
  return { element, update, model };
}

/** @param {any} model */
function nameOf({ id, name }) {
  return id === 'default' ? 'Default' : (name ?? id);
}

/** @param {any} model */
function titleOf({ id, title, info }) {
  if (id === 'default') return 'chooses for each picture';
  return info ? `your file, ${info.format}` : title;
}

/** @param {any} model */
function factsOf({ id, scale, domain, quality, published, license, info, noise }) {
  if (id === 'default') return [];
  const tag = (/** @type {string} */ text, /** @type {string} */ title) =>
    h('span', { class: 'tag', title }, text);
  if (info)
    return [tag(`${info.scale}×`, 'Scale'), tag(`${(info.parameters / 1e6).toFixed(2)} M`, 'Parameters')];
  return [
    tag(`${scale}×`, 'Scale'),
    tag(noise === null ? domain.replace('-', ' ') : `noise level ${noise}`, 'What it is for'),
    quality.set5 &&
      tag(`${quality.set5.psnrY.toFixed(1)} dB`, `PSNR on Set5, with SSIM ${quality.set5.ssimY}`),
    published && tag(`${published.psnr} dB`, `On ${published.benchmark}, as published`),
    tag(license, 'Licence of the weights'),
  ].filter(Boolean);
}

/** @param {any} model */
function detailsOf(model) {
  if (model.id === 'default') return '';
  const rows = model.info ? ownRows(model) : catalogueRows(model);
  const list = h(
    'dl',
    {},
    rows
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]),
  );
  const install =
    model.installed === false &&
    h(
      'div',
      { class: 'install' },
      h('code', {}, model.install),
      copyButton('Copy', () => model.install),
    );
  const summary = model.installed === false ? 'Not installed' : 'More';
  return h(
    'details',
    {},
    h('summary', {}, summary),
    install,
    h('p', {}, model.description ?? ''),
    list,
    model.info && rangeForm(model),
  );
}

/** @param {any} model @returns {[string, any][]} */
function catalogueRows({
  authors,
  dataset,
  parameters,
  fileSize,
  halo,
  origin,
  licenseUrl,
  notes,
  relativeSpeed,
  precisions,
  stability,
  guardedStability,
}) {
  return [
    ['Authors', authors],
    ['Trained on', dataset],
    ['Parameters', parameters.toLocaleString('en')],
    ['File', bytes(fileSize ?? 0)],
    ['Overlap of tiles', halo === null ? 'sees the whole picture' : `${halo} px`],
    ['Speed', relativeSpeed && `${relativeSpeed} × span-2x`],
    ['Precision', precisions.join(', ')],
    ['Blown up', stabilityText(stability, guardedStability)],
    ['Origin', `${origin.registry}: ${origin.package} ${origin.version}`],
    ['Licence', licenseUrl],
    ['Notes', notes],
  ];
}

/**
 * How many pictures of the stress set come out with spots that are not in them.
 *
 * @param {any} alone
 * @param {any} guarded
 */
function stabilityText(alone, guarded) {
  if (alone === null) return null;
  const found = `${alone.blownPictures} of ${alone.pictures} hard pictures`;
  return guarded === null ? found : `${found}, ${guarded.blownPictures} with the guard`;
}

/** @param {any} model @returns {[string, any][]} */
function ownRows({ info, advice }) {
  const { channels, parameters, sizeBytes, halo, inputRange, outputRange, kernels } = info;
  return [
    ['Channels', channels],
    ['Parameters', parameters.toLocaleString('en')],
    ['Network', bytes(sizeBytes)],
    ['Overlap of tiles', halo === null ? 'sees the whole picture' : `${halo} px`],
    ['Values', `${inputRange.join('..')} in, ${outputRange.join('..')} out`],
    ['Kernels', kernels],
    ['Note', advice.join(' ')],
  ];
}

/** @param {string} id @param {boolean} chosen */
export function choose(id, chosen) {
  const rest = state.chosen.filter((other) => other !== id);
  const next = chosen ? [...rest, id] : rest;
  const changes = chosen ? { b: id } : state.b === id ? { b: next.at(-1) ?? 'lanczos' } : {};
  if (!chosen && state.a === id) Object.assign(changes, { a: 'bicubic' });
  update({ chosen: next, ...changes });
}

/** The files of a model that was dropped, by its name: to describe them otherwise. @type {Map<string, File[]>} */
const dropped = new Map();

/** @param {any} model */
function rangeForm({ id }) {
  const ranges = ['0,1', '0,255', '-1,1'];
  const select = h(
    'select',
    { id: `range-${id}`, onchange: change },
    h('option', { value: '' }, 'as the file says'),
    ranges.map((value) => h('option', { value }, value.replace(',', ' to '))),
  );
  async function change() {
    const files = dropped.get(id);
    if (files === undefined || select.value === '') return;
    const range = select.value.split(',').map(Number);
    choose(id, false);
    await addFiles(files, { inputRange: range, outputRange: range });
  }
  return h('p', { class: 'field' }, h('label', { for: `range-${id}` }, 'Values of a pixel'), select);
}

/**
 * @param {File[]} files
 * @param {object} [described]
 */
export async function addFiles(files, described = {}) {
  update({ opening: { busy: `Reading ${files[0].name}` } });
  try {
    const { id } = await json('uploads', { method: 'POST' });
    for (const file of files) await upload(`uploads/${id}/files`, file, file.name);
    const model = await json(`uploads/${id}/model`, { method: 'POST', body: described });
    dropped.set(model.id, files);
    update({ server: { ...state.server, own: [...state.server.own, model] }, opening: {} });
    choose(model.id, true);
    announce(`${model.name} was added: ${model.info.scale} times`);
  } catch (/** @type {any} */ error) {
    update({ opening: { error: error.message } });
  }
}
