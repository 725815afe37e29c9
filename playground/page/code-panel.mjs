// @ts-check
import { byId, copyButton, h } from './dom.mjs';
import { LANGUAGES } from './code.mjs';
import { toParameters } from './link.mjs';
import { optionsFor, precisionFor } from './session.mjs';
import { REFERENCES, ownModel, state, titleOf, update, watch } from './state.mjs';

/** The code for the model on the right, in the form that was chosen, and the link to what is on screen. */

export function startCodePanel() {
  const tabs = LANGUAGES.map(({ id, title }) =>
    h(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `code-${id}`,
        'aria-controls': 'code-output',
        onclick: () => update({ language: id }),
      },
      title,
    ),
  );
  const list = byId('languages');
  list.append(...tabs);
  list.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = LANGUAGES.findIndex(({ id }) => id === state.language);
    const { id } = LANGUAGES[(at + step + LANGUAGES.length) % LANGUAGES.length];
    update({ language: id });
    byId(`code-${id}`).focus();
  });
  byId('code-actions').append(
    copyButton('Copy code', () => byId('code').textContent),
    copyButton('Copy link', () => `${location.origin}/#${toParameters()}`, 'link'),
  );
  watch(['picture', 'chosen', 'options', 'a', 'b', 'language', 'server', 'mode'], show);
}

function show() {
  const language = LANGUAGES.find(({ id }) => id === state.language) ?? LANGUAGES[0];
  for (const { id } of LANGUAGES) {
    const selected = id === language.id;
    byId(`code-${id}`).setAttribute('aria-selected', String(selected));
    byId(`code-${id}`).tabIndex = selected ? 0 : -1;
  }
  byId('code-output').setAttribute('aria-labelledby', `code-${language.id}`);
  const model = shownModel();
  byId('code').replaceChildren(...highlighted(language.make(situation(model)), language.id));
  byId('code-note').textContent =
    `For ${titleOf(model)}${REFERENCES.includes(state.b) ? '' : ', which is on the right'}. Save it as ${language.file} beside the picture${language.id === 'express' ? ', with express installed' : ''}.`;
}

/** @returns {string} the model on the right, else one that is chosen */
function shownModel() {
  return [state.b, state.a, ...state.chosen].find((id) => !REFERENCES.includes(id)) ?? 'default';
}

/** @param {string} model @returns {import('./code.mjs').Situation} */
export function situation(model) {
  const facts = state.picture?.facts;
  return {
    picture: state.picture?.name ?? 'photo.jpg',
    format: facts?.format ?? 'JPEG',
    alpha: facts?.alpha ?? false,
    model,
    definition: ownModel(model)?.definition,
    precision: precisionFor(model),
    guard: state.options.guard,
    options: optionsFor(model),
  };
}

const TOKENS =
  /(?<comment>\/\/[^\n]*|^#[^\n]*)|(?<string>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`)|(?<keyword>\b(?:const|await|async|function|import|from|type|try|catch|if|new|require|void|unknown)\b)|(?<number>\b\d[\d_]*\b)|(?<flag>\s--?[a-z][a-z-]*)/gm;

/**
 * @param {string} code
 * @param {string} language
 * @returns {any[]}
 */
function highlighted(code, language) {
  const parts = [];
  let at = 0;
  for (const match of code.matchAll(TOKENS)) {
    const [kind] = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined) ?? [];
    if ((language === 'cli') !== (kind === 'flag') && kind !== 'string' && kind !== 'comment') continue;
    parts.push(code.slice(at, match.index), h('span', { class: `code-${kind}` }, match[0]));
    at = (match.index ?? 0) + match[0].length;
  }
  return [...parts, code.slice(at)];
}
