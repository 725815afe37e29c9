// @ts-check
import { byId, h } from './dom.mjs';
import { fit, oneToOne, setGain, setMode, sources, zoomBy } from './stage.mjs';
import { state, titleOf, update, watch } from './state.mjs';

/** The bar above the stage. */

const STEP = 1.5;

export function startViewerPanel() {
  for (const input of document.querySelectorAll('input[name="mode"]')) {
    input.addEventListener('change', () => setMode(/** @type {any} */ (input).value));
  }
  for (const side of /** @type {const} */ (['a', 'b'])) {
    byId(side).addEventListener('change', () => update({ [side]: byId(side).value }));
  }
  byId('swap').addEventListener('click', () => update({ a: state.b, b: state.a }));
  byId('zoom-in').addEventListener('click', () => zoomBy(STEP));
  byId('zoom-out').addEventListener('click', () => zoomBy(1 / STEP));
  byId('zoom-fit').addEventListener('click', fit);
  byId('zoom-actual').addEventListener('click', oneToOne);
  byId('gain').addEventListener('input', () => setGain(Number(byId('gain').value)));
  watch(['mode', 'a', 'b', 'chosen', 'server'], show);
}

function show() {
  const { mode } = state;
  byId(`mode-${mode}`).checked = true;
  const ids = sources();
  for (const side of /** @type {const} */ (['a', 'b'])) {
    const select = byId(side);
    const listed = [...select.options].map(({ value }) => value);
    if (listed.join() !== ids.join())
      select.replaceChildren(...ids.map((id) => h('option', { value: id }, titleOf(id))));
    select.value = ids.includes(state[side]) ? state[side] : 'bicubic';
  }
  byId('gain-field').hidden = mode !== 'difference';
  // Side by side, every chosen model has a pane; what they are compared with is still a choice.
  for (const id of ['swap', 'b']) byId(id).hidden = mode === 'side';
  byId('a-label').textContent = mode === 'side' ? 'First' : 'On the left';
}
