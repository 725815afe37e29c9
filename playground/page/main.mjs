// @ts-check
import { json, useToken } from './api.mjs';
import { startCodePanel } from './code-panel.mjs';
import { byId } from './dom.mjs';
import { startDrop } from './drop.mjs';
import { startGestures } from './gestures.mjs';
import { fromParameters, readAddress, toParameters } from './link.mjs';
import { startMeasurePanel } from './measure-panel.mjs';
import { startModelPanel } from './model-panel.mjs';
import { startOptionsPanel } from './options-panel.mjs';
import { openKnown, openSample, startPicturePanel } from './picture-panel.mjs';
import { startResultsPanel } from './results-panel.mjs';
import { startSession } from './session.mjs';
import { startStage } from './stage.mjs';
import { REFERENCES, catalogueModel, ownModel, state, update, watch } from './state.mjs';
import { startTabs } from './tabs.mjs';
import { startTheme } from './theme.mjs';
import { startViewerPanel } from './viewer-panel.mjs';

const parameters = readAddress();

startTheme();
byId('door-form').addEventListener('submit', enter);
void load();

async function load() {
  let server;
  try {
    server = await json('state');
  } catch (/** @type {any} */ error) {
    return showDoor(error);
  }
  byId('door').hidden = true;
  byId('app').hidden = false;
  Object.assign(state, { server }, known(fromParameters(parameters), server));
  start();
}

function start() {
  byId('machine').textContent = machineText(state.server);
  // A phone has the pictures first.
  for (const id of ['options-fold', 'models-fold']) byId(id).open = matchMedia('(width >= 64rem)').matches;
  startTabs();
  startStage();
  startGestures();
  startViewerPanel();
  startPicturePanel();
  startModelPanel();
  startOptionsPanel();
  startResultsPanel();
  startMeasurePanel();
  startCodePanel();
  startDrop();
  startSession();
  const { wantedSample, wantedPicture } = fromParameters(parameters);
  if (wantedSample) void openSample(wantedSample);
  else if (wantedPicture) void openKnown(wantedPicture);
  watch(['picture', 'chosen', 'options', 'mode', 'a', 'b', 'language'], () => {
    if (state.picture) history.replaceState(null, '', `#${toParameters()}`);
  });
}

/**
 * Of what a link asks for, what there is.
 *
 * @param {ReturnType<typeof fromParameters>} wanted
 * @param {any} server
 */
function known({ wantedPicture, wantedSample, ...wanted }, server) {
  state.server = server;
  const chosen = wanted.chosen?.filter((id) => id === 'default' || catalogueModel(id) || ownModel(id));
  const there = (/** @type {string | undefined} */ id) =>
    id !== undefined && [...REFERENCES, ...(chosen ?? state.chosen)].includes(id);
  const { a, b, ...rest } = wanted;
  return { ...rest, ...(chosen && { chosen }), ...(there(a) && { a }), ...(there(b) && { b }) };
}

/** @param {{ machine: { cores: number, processor: string }, versions: Record<string, string> }} server */
function machineText({ machine, versions }) {
  return `${versions['upscaler-node']} · ONNX Runtime ${versions.onnxruntime} · ${machine.cores} cores`;
}

/** @param {{ status: number, message: string }} error */
function showDoor({ status, message }) {
  byId('app').hidden = true;
  byId('door').hidden = false;
  byId('door-message').textContent =
    status === 401
      ? 'This page belongs to one run of the playground. Paste the address that its terminal printed.'
      : message;
  byId('door-address').focus();
}

/** @param {SubmitEvent} event */
function enter(event) {
  event.preventDefault();
  const token = /token=([\w-]+)/.exec(byId('door-address').value)?.[1] ?? byId('door-address').value.trim();
  useToken(token);
  void load();
}
