// @ts-check

/**
 * An element, its properties and its children. Text is always text: nothing here parses HTML.
 *
 * @param {string} tag
 * @param {Record<string, any>} [properties] `class`, `data-…`, `aria-…` and other attributes; `on…` listeners; what is
 *   null or false is left out
 * @param {...any} children nodes, texts, arrays of them; null and false are left out
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  const element = SVG_TAGS.has(tag)
    ? document.createElementNS('http://www.w3.org/2000/svg', tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) set(element, name, value);
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

const SVG_TAGS = new Set(['svg', 'path', 'circle', 'line', 'text', 'g', 'rect']);

/**
 * @param {any} element
 * @param {string} name
 * @param {any} value
 */
function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
  else if (name === 'value' || name === 'checked') element[name] = value;
  else element.setAttribute(name, value === true ? '' : value);
}

const ICONS = /** @type {Record<string, string>} */ ({
  check: 'M3.5 8.5l3 3 6-7',
  close: 'M4 4l8 8M12 4l-8 8',
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  download: 'M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10',
  link: 'M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 014.2 4.2L11.2 8.8M9 11.5l-1.5 1.5a3 3 0 01-4.2-4.2L4.8 7.2',
  upload: 'M8 11V3M4.5 6L8 2.5 11.5 6M3 13.5h10',
  play: 'M5 3.5l7.5 4.5L5 12.5z',
  stop: 'M4.5 4.5h7v7h-7z',
  plus: 'M8 3.5v9M3.5 8h9',
  minus: 'M3.5 8h9',
  fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  search: 'M7 11.5a4.5 4.5 0 100-9 4.5 4.5 0 000 9zM10.5 10.5l3 3',
  lock: 'M4.5 7V5.2a3.5 3.5 0 017 0V7M3.5 7h9v6.5h-9z',
  sun: 'M8 5.2a2.8 2.8 0 100 5.6 2.8 2.8 0 000-5.6zM8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9',
  moon: 'M13 9.5A5.6 5.6 0 016.5 3a5.6 5.6 0 106.5 6.5z',
  auto: 'M8 2.5a5.5 5.5 0 100 11zM8 2.5a5.5 5.5 0 010 11',
  alert: 'M8 2.5l6 11H2zM8 6.5v3.2M8 11.6v.1',
  eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 9.8a1.8 1.8 0 100-3.6 1.8 1.8 0 000 3.6z',
});

/** @param {string} name */
export function icon(name) {
  return h(
    'svg',
    { viewBox: '0 0 16 16', class: 'icon', 'aria-hidden': 'true', focusable: 'false' },
    h('path', { d: ICONS[name] }),
  );
}

/** @param {string} id @returns {any} */
export function byId(id) {
  return document.getElementById(id);
}

/**
 * Says something to those who do not see the page.
 *
 * @param {string} text
 */
export function announce(text) {
  byId('announcer').textContent = text;
}

/**
 * A button that copies a text and says that it did.
 *
 * @param {string} label
 * @param {() => string} text
 * @param {string} [name] of its icon
 */
export function copyButton(label, text, name = 'copy') {
  const caption = h('span', {}, label);
  const button = h('button', { type: 'button', class: 'button', onclick: copy }, icon(name), caption);
  async function copy() {
    await navigator.clipboard.writeText(text());
    caption.textContent = 'Copied';
    announce('Copied to the clipboard');
    setTimeout(() => (caption.textContent = label), 1600);
  }
  return button;
}
