// @ts-check
'use strict';

const { createReadStream } = require('node:fs');
const { rm, stat } = require('node:fs/promises');
const path = require('node:path');
const { pipeline } = require('node:stream/promises');
const { readJson, receive, sendJson } = require('./bodies');
const { explainChoice } = require('./choice');
const { openLines } = require('./events');
const { HttpError, toHttpError } = require('./http-error');
const { measure } = require('./measure');
const { isFilter, resampledTile } = require('./resample');
const { describe } = require('./runs');
const { copySample, findSample, samples } = require('./samples');

/**
 * What the page can ask for.
 *
 * @typedef {import('node:http').IncomingMessage} Request
 * @typedef {import('node:http').ServerResponse} Response
 * @typedef {(request: Request, response: Response, ...parameters: string[]) => Promise<void> | void} Handler
 */

/** Files of one model: the network, its weights, shards. */
const MODEL_FILES = 64;

/** How large a resampled picture may be looked at: as the largest result. */
const LARGEST_FACTOR = 16;

/**
 * @param {{
 *   models: import('./models').Models,
 *   pictures: import('./pictures').Pictures,
 *   runs: import('./runs').Runs,
 *   costs: import('./costs').Costs | undefined,
 *   events: import('./events').Events,
 *   lane: import('./lane').Lane,
 *   workspace: import('./workspace').Workspace,
 *   decoder: ReturnType<typeof import('./decode').createDecoder>,
 *   limits: { pictureBytes: number, modelBytes: number },
 *   about: object,
 * }} parts
 * @returns {[string, RegExp, Handler][]} method, path, what answers
 */
function createRoutes(parts) {
  return [
    ['GET', /^\/api\/state$/, (_, response) => sendJson(response, 200, state(parts))],
    ['GET', /^\/api\/events$/, (_, response) => parts.events.add(response)],
    ...pictureRoutes(parts),
    ...modelRoutes(parts),
    ...runRoutes(parts),
    ['POST', /^\/api\/measure$/, (request, response) => startMeasuring(parts, request, response)],
  ];
}

/** @param {Parameters<typeof createRoutes>[0]} parts */
function state({ models, costs, about }) {
  return { ...about, models: models.catalogue(), own: models.own(), samples, costs: costs?.measured ?? {} };
}

/**
 * @param {Parameters<typeof createRoutes>[0]} parts
 * @returns {[string, RegExp, Handler][]}
 */
function pictureRoutes({ pictures, runs, workspace, limits, models }) {
  /** @param {Response} response @param {string} file @param {string} name @param {string} [sample] */
  const open = async (response, file, name, sample) => {
    const { id, facts } = await pictures.add(file, name);
    for (const old of pictures.surplus()) {
      runs.removeOf(old);
      await pictures.remove(old);
    }
    sendJson(response, 201, { id, name, sample, facts });
  };
  return [
    [
      'POST',
      /^\/api\/pictures$/,
      async (request, response) => {
        const file = workspace.file();
        await receive(request, file, limits.pictureBytes);
        await open(response, file, headerText(request, 'x-file-name').slice(0, 200) || 'picture');
      },
    ],
    [
      'POST',
      /^\/api\/samples\/([a-z-]+)$/,
      async (_, response, id) => {
        const file = workspace.file();
        await copySample(id, file);
        await open(response, file, findSample(id).file, id);
      },
    ],
    [
      'GET',
      /^\/api\/pictures\/(p\d+)$/,
      (_, response, id) => {
        const { name, facts } = pictures.get(id);
        sendJson(response, 200, { id, name, facts });
      },
    ],
    [
      'GET',
      /^\/api\/pictures\/(p\d+)\/choice\/(\d+(?:\.\d+)?)$/,
      async (_, response, id, scale) => {
        const upscaler = await models.instance({ id: 'default' });
        sendJson(
          response,
          200,
          explainChoice(await upscaler.getModel(), pictures.get(id).facts, Number(scale)),
        );
      },
    ],
    [
      'GET',
      /^\/api\/tiles\/(p\d+)\/(\d{1,2})\/(\d{1,5})\/(\d{1,5})$/,
      (_, response, id, ...tile) => sendTile(response, tileOf(pictures.get(id).surface, tile)),
    ],
    [
      'GET',
      /^\/api\/tiles\/(p\d+)\.([a-z]+)\.(\d{1,5})x(\d{1,5})\/0\/(\d{1,5})\/(\d{1,5})$/,
      (_, response, id, filter, width, height, column, row) => {
        const { surface } = pictures.get(id);
        const size = { width: Number(width), height: Number(height) };
        if (!isFilter(filter)) throw new HttpError(404, `There is no filter ${filter}`);
        if (size.width > surface.width * LARGEST_FACTOR || size.height > surface.height * LARGEST_FACTOR) {
          throw new HttpError(400, `Expected at most ${LARGEST_FACTOR} times the picture's size`);
        }
        sendTile(response, resampledTile(surface, filter, size, Number(column), Number(row)));
      },
    ],
  ];
}

/**
 * @param {Parameters<typeof createRoutes>[0]} parts
 * @returns {[string, RegExp, Handler][]}
 */
function modelRoutes({ models, workspace, limits }) {
  /** Folders that files are being put into. @type {Map<string, { folder: string, files: number }>} */
  const uploads = new Map();
  const find = (/** @type {string} */ id) => {
    const upload = uploads.get(id);
    if (upload === undefined) throw new HttpError(404, 'This upload is over: drop the files again');
    return upload;
  };
  return [
    [
      'POST',
      /^\/api\/uploads$/,
      (_, response) => {
        const folder = workspace.subfolder();
        const id = path.basename(folder);
        uploads.set(id, { folder, files: 0 });
        sendJson(response, 201, { id });
      },
    ],
    [
      'POST',
      /^\/api\/uploads\/(\d+)\/files$/,
      async (request, response, id) => {
        const upload = find(id);
        const name = headerText(request, 'x-file-name');
        if (!/^[\p{L}\p{N}_][\p{L}\p{N}_ .()+@-]{0,150}$/u.test(name)) {
          throw new HttpError(400, `Expected a plain file name but found ${JSON.stringify(name)}`);
        }
        if (++upload.files > MODEL_FILES) throw new HttpError(413, `Expected at most ${MODEL_FILES} files`);
        await receive(request, path.join(upload.folder, name), limits.modelBytes);
        sendJson(response, 201, { name });
      },
    ],
    [
      'POST',
      /^\/api\/uploads\/(\d+)\/model$/,
      async (request, response, id) => {
        const { folder } = find(id);
        const wanted = described(await readJson(request));
        const own = await models.addOwn(folder, wanted).catch(async (error) => {
          uploads.delete(id);
          await rm(folder, { recursive: true, force: true });
          throw error;
        });
        const { definition, ...shown } = own;
        sendJson(response, 201, {
          ...shown,
          definition: { ...definition, path: path.basename(definition.path) },
        });
      },
    ],
  ];
}

/** @param {any} body what the user says of a model file */
function described({ scale, inputRange, outputRange }) {
  const isRange = (/** @type {unknown} */ range) =>
    Array.isArray(range) && range.length === 2 && range.every(Number.isFinite);
  return {
    ...(Number.isInteger(scale) && { scale }),
    ...(isRange(inputRange) && { inputRange }),
    ...(isRange(outputRange) && { outputRange }),
  };
}

/**
 * @param {Parameters<typeof createRoutes>[0]} parts
 * @returns {[string, RegExp, Handler][]}
 */
function runRoutes({ runs, pictures }) {
  return [
    [
      'POST',
      /^\/api\/runs$/,
      async (request, response) => {
        const body = await readJson(request);
        sendJson(response, 201, describe(runs.start(pictures.get(body.picture), body)));
      },
    ],
    [
      'POST',
      /^\/api\/runs\/(r\d+)\/cancel$/,
      (_, response, id) => {
        runs.cancel(id);
        sendJson(response, 200, describe(runs.get(id)));
      },
    ],
    [
      'DELETE',
      /^\/api\/runs\/(r\d+)$/,
      (_, response, id) => {
        runs.remove(id);
        sendJson(response, 200, {});
      },
    ],
    ['GET', /^\/api\/runs\/(r\d+)$/, (_, response, id) => sendJson(response, 200, describe(runs.get(id)))],
    ['GET', /^\/api\/runs\/(r\d+)\/file$/, (_, response, id) => sendFile(response, runs.get(id).file)],
    [
      'GET',
      /^\/api\/tiles\/(r\d+-\d+)\/(\d{1,2})\/(\d{1,5})\/(\d{1,5})$/,
      (_, response, id, ...tile) => {
        const surface = runs.surface(id);
        sendTile(response, surface && tileOf(surface, tile));
      },
    ],
  ];
}

/**
 * @param {Parameters<typeof createRoutes>[0]} parts
 * @param {Request} request
 * @param {Response} response
 */
async function startMeasuring({ lane, pictures, models, decoder }, request, response) {
  const body = await readJson(request);
  const { surface } = pictures.get(body.picture);
  const controller = new AbortController();
  response.on('close', () => controller.abort());
  openLines(response);
  const emit = (/** @type {object} */ event) => void response.write(`${JSON.stringify(event)}\n`);
  try {
    const { signal } = controller;
    await lane.run(() => measure(surface, body, { models, decoder, signal, emit }));
    emit({ type: 'done' });
  } catch (error) {
    const { message, code } = toHttpError(error);
    emit({ type: 'error', message, code });
  }
  response.end();
}

/**
 * @param {import('./surface').Surface} surface
 * @param {string[]} tile level, column and row
 */
function tileOf(surface, tile) {
  const [level, column, row] = tile.map(Number);
  return surface.tile(level, column, row);
}

/**
 * @param {Response} response
 * @param {Buffer | undefined} tile
 */
function sendTile(response, tile) {
  if (tile === undefined) throw new HttpError(404, 'There is no such tile');
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': tile.length });
  response.end(tile);
}

/**
 * @param {Response} response
 * @param {string | undefined} file
 */
async function sendFile(response, file) {
  if (file === undefined) throw new HttpError(404, 'There is no result yet');
  const { size } = await stat(file);
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': size });
  await pipeline(createReadStream(file), response);
}

/**
 * @param {Request} request
 * @param {string} name
 */
function headerText(request, name) {
  try {
    return decodeURIComponent(String(request.headers[name] ?? ''));
  } catch {
    throw new HttpError(400, `Expected a percent-encoded ${name}`);
  }
}

module.exports = { createRoutes };
