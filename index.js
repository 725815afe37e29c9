// @ts-check
'use strict';

require('./lib/node-version').assertSupported();
const { Upscaler } = require('./lib/upscaler');
const { versions } = require('./lib/versions');
const { UpscalerError, AbortError } = require('./lib/errors');
const { listModels } = require('./lib/models');
const { getPatchesFromImage } = require('./lib/patches');

module.exports = Object.assign(Upscaler, {
  Upscaler,
  UpscalerError,
  AbortError,
  listModels,
  getModelDefinitions: listModels,
  getPatchesFromImage,
  versions,
});
