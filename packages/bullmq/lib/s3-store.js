// @ts-check
'use strict';

const { UpscalerError } = require('upscaler-node');

/**
 * Pictures in a bucket of S3, or of whatever speaks its protocol. Give the bucket a lifecycle rule that expires
 * `inputs/` and `results/` under the prefix: jobs may share them, so that nothing here removes them.
 *
 * @typedef {import('../index.js').Store} Store
 * @implements {Store}
 */
class S3Store {
  #client;
  #bucket;
  #prefix;
  #commands;

  /** @param {import('../index.js').S3StoreOptions} options */
  constructor({ client, bucket, prefix = '' }) {
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#commands = loadCommands();
  }

  /**
   * @param {string} key
   * @param {Uint8Array} bytes
   * @param {string} [type]
   */
  async put(key, bytes, type) {
    const { PutObjectCommand } = this.#commands;
    await this.#client.send(new PutObjectCommand({ ...this.#at(key), Body: bytes, ContentType: type }));
  }

  /** @param {string} key */
  async get(key) {
    const { GetObjectCommand } = this.#commands;
    try {
      const { Body } = await this.#client.send(new GetObjectCommand(this.#at(key)));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    } catch (cause) {
      throw new UpscalerError('ERR_UPSCALER_READ', `Could not read ${key} from the bucket`, { cause });
    }
  }

  /** @param {string} key */
  async delete(key) {
    const { DeleteObjectCommand } = this.#commands;
    await this.#client.send(new DeleteObjectCommand(this.#at(key)));
  }

  /** @param {string} key */
  async version(key) {
    const { HeadObjectCommand } = this.#commands;
    try {
      const { ETag, VersionId } = await this.#client.send(new HeadObjectCommand(this.#at(key)));
      return VersionId ?? ETag;
    } catch (cause) {
      throw new UpscalerError('ERR_UPSCALER_READ', `Could not read ${key} from the bucket`, { cause });
    }
  }

  /** @param {string} key */
  #at(key) {
    return { Bucket: this.#bucket, Key: `${this.#prefix}${key}` };
  }
}

/** @returns {typeof import('@aws-sdk/client-s3')} */
function loadCommands() {
  try {
    return require('@aws-sdk/client-s3');
  } catch (cause) {
    throw new UpscalerError(
      'ERR_INVALID_ARG_VALUE',
      'Expected @aws-sdk/client-s3 for an S3Store: npm install @aws-sdk/client-s3',
      { cause },
    );
  }
}

module.exports = { S3Store };
