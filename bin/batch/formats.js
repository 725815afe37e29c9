// @ts-check
'use strict';

const path = require('node:path');
const { FORMATS } = require('../../lib/options');

/** Files that a folder is searched for; any other can be named. */
const READ = /\.(png|apng|jpe?g|jpe|jfif|webp|tiff?|bmp|gif|avif|jxl|qoi|p[bgpna]m)$/i;

/** @type {Readonly<Record<string, string>>} the ending of a name for each format */
const WRITTEN = { ...FORMATS, jpe: 'jpeg', jfif: 'jpeg' };

/** @param {string} name */
function isPicture(name) {
  return READ.test(name);
}

/**
 * @param {string} name
 * @returns {string | undefined} the format that the ending of a name stands for, if it can be written
 */
function formatOf(name) {
  const ending = path.extname(name).slice(1).toLowerCase();
  return Object.hasOwn(WRITTEN, ending) ? WRITTEN[ending] : undefined;
}

/** @param {string} format */
function endingOf(format) {
  return format === 'jpeg' ? 'jpg' : format;
}

module.exports = { isPicture, formatOf, endingOf };
