// @ts-check
import { byId } from './dom.mjs';

/** The tabs under the stage. */

export function startTabs() {
  const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('#tabs [role="tab"]')]);
  const select = (/** @type {HTMLElement} */ tab) => {
    for (const other of tabs) {
      const selected = other === tab;
      other.setAttribute('aria-selected', String(selected));
      other.tabIndex = selected ? 0 : -1;
      byId(String(other.getAttribute('aria-controls'))).hidden = !selected;
    }
  };
  byId('tabs').addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const at = tabs.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined || at < 0) return;
    event.preventDefault();
    const tab = tabs[(next + tabs.length) % tabs.length];
    select(tab);
    tab.focus();
  });
  for (const tab of tabs) tab.addEventListener('click', () => select(tab));
  select(tabs[0]);
}
