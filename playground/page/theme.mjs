// @ts-check
import { byId, icon } from './dom.mjs';
import { draw } from './stage.mjs';

/** Light, dark, or as the system is. */

const KEY = 'upscaler-playground-theme';
const THEMES = /** @type {const} */ ([
  { id: 'auto', symbol: 'auto', title: 'Colours as the system has them' },
  { id: 'light', symbol: 'sun', title: 'Light colours' },
  { id: 'dark', symbol: 'moon', title: 'Dark colours' },
]);

export function startTheme() {
  const button = byId('theme');
  let at = Math.max(
    THEMES.findIndex(({ id }) => id === localStorage.getItem(KEY)),
    0,
  );
  const show = () => {
    const { id, symbol, title } = THEMES[at];
    document.documentElement.dataset.theme = id;
    button.replaceChildren(icon(symbol));
    button.setAttribute('aria-label', `${title}. Change`);
    button.title = title;
    draw();
  };
  button.addEventListener('click', () => {
    at = (at + 1) % THEMES.length;
    localStorage.setItem(KEY, THEMES[at].id);
    show();
  });
  show();
}
