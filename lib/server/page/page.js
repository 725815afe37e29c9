'use strict';

const at = (id) => document.getElementById(id);
const headers = () => (at('token').value ? { authorization: `Bearer ${at('token').value}` } : {});
let job;
let shown;

/** What may be chosen is what the service's own description says. */
async function describe() {
  const { paths, security } = await (await fetch('openapi.json')).json();
  const parameters = paths['/upscale'].post.parameters;
  const schema = (name) => parameters.find((parameter) => parameter.name === name)?.schema;
  const scales = [2, 3, 4, 8].filter((scale) => scale <= (schema('scale')?.maximum ?? 0));
  fill('scale', [['', "The model's own"], ...scales.map((scale) => [scale, `${scale}x`])]);
  fill('format', [
    ['', "The picture's own"],
    ...(schema('format')?.enum ?? []).map((format) => [format, format]),
  ]);
  const models = schema('model')?.enum ?? [];
  at('model-label').hidden = models.length === 0;
  fill('model', [['', 'Default'], ...models.map((model) => [model, model])]);
  at('token-label').hidden = !security;
}

function fill(id, choices) {
  at(id).replaceChildren(...choices.map(([value, label]) => new Option(label, value)));
}

async function start(event) {
  event.preventDefault();
  const file = at('file').files[0];
  const query = new URLSearchParams();
  for (const name of ['scale', 'format', 'model']) if (at(name).value) query.set(name, at(name).value);
  busy(true);
  say('Sending the picture');
  try {
    const type = file.type.startsWith('image/') ? file.type : 'application/octet-stream';
    const sent = await fetch(`jobs?${query}`, {
      method: 'POST',
      body: file,
      headers: { ...headers(), 'content-type': type },
    });
    if (!sent.ok) throw new Error(await reason(sent));
    job = (await sent.json()).links;
    at('cancel').hidden = false;
    const last = await follow(job.events);
    if (last.state === 'done') await show(file, last.result);
    else
      say(
        last.state === 'failed' ? (last.error.detail ?? last.error.title) : 'Cancelled',
        last.state === 'failed',
      );
  } catch (error) {
    say(error.message, true);
  } finally {
    busy(false);
  }
}

/** EventSource sends no token, so the stream is read here. */
async function follow(url) {
  const response = await fetch(url, { headers: headers() });
  if (!response.ok) throw new Error(await reason(response));
  let text = '';
  let last;
  for (const reader = response.body.pipeThrough(new TextDecoderStream()).getReader(); ;) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
    const blocks = text.split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      const data = block.match(/^data: (.*)$/m)?.[1];
      if (!data) continue;
      last = JSON.parse(data);
      report(last);
    }
  }
  return last;
}

function report({ state, percent, position }) {
  at('progress').value = percent;
  if (state === 'waiting') say(position > 1 ? `Waiting: ${position - 1} before it` : 'Waiting: next');
  if (state === 'active') say(`Upscaling: ${percent} %`);
}

async function show(file, result) {
  const response = await fetch(job.self, { headers: headers() });
  if (!response.ok) throw new Error(await reason(response));
  URL.revokeObjectURL(shown);
  shown = URL.createObjectURL(await response.blob());
  at('image').src = shown;
  at('download').href = shown;
  const extension = result.format === 'jpeg' ? 'jpg' : result.format;
  at('download').download = `${file.name.replace(/\.[^.]*$/, '')}-${result.width}.${extension}`;
  at('facts').textContent =
    `${result.width} x ${result.height}, ${result.format}, ${Math.ceil(result.size / 1024)} KiB, ` +
    `${result.model}, ${(result.durationMs / 1000).toFixed(1)} s`;
  at('result').hidden = false;
  say('Done');
}

async function reason(response) {
  const problem = await response.json().catch(() => ({}));
  return problem.detail ?? problem.title ?? `The server answered ${response.status}`;
}

function say(text, error = false) {
  at('status').textContent = text;
  at('status').classList.toggle('error', error);
}

function busy(is) {
  at('start').disabled = is;
  at('progress').hidden = !is;
  at('progress').value = 0;
  if (is) at('result').hidden = true;
  else at('cancel').hidden = true;
}

function chosen() {
  const file = at('file').files[0];
  if (file) at('name').textContent = `${file.name} (${Math.ceil(file.size / 1024)} KiB)`;
}

at('form').addEventListener('submit', start);
at('file').addEventListener('change', chosen);
at('cancel').addEventListener('click', () => fetch(job.self, { method: 'DELETE', headers: headers() }));
const drop = document.querySelector('.drop');
for (const name of ['dragover', 'dragleave', 'drop']) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle('over', name === 'dragover');
    if (name !== 'drop' || event.dataTransfer.files.length === 0) return;
    at('file').files = event.dataTransfer.files;
    chosen();
  });
}
describe().catch(() => say('The service does not answer', true));
