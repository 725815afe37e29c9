// @ts-check
'use strict';

const { FileStore } = require('./lib/file-store');
const { jobStore } = require('./lib/job-store');
const { S3Store } = require('./lib/s3-store');
const { UpscaleJob } = require('./lib/upscale-job');
const { UpscaleQueue } = require('./lib/upscale-queue');
const { UpscaleWorker } = require('./lib/upscale-worker');

module.exports = { UpscaleQueue, UpscaleJob, UpscaleWorker, FileStore, S3Store, jobStore };
