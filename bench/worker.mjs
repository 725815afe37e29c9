import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CONTENDERS } from './contenders/index.mjs';

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url));

/** A contender's process, seen from the parent. */
export class Worker {
  #process;
  #exited;

  /**
   * @param {string} name of the contender
   * @param {import('./contenders/index.mjs').Model} model
   */
  constructor(name, model) {
    const { module, options, env } = CONTENDERS[name];
    this.#process = fork(CHILD, [module, JSON.stringify(options(model))], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#exited = new Promise((resolve) => this.#process.once('exit', resolve));
  }

  /** @returns {Promise<{ loaded: number, note?: string }>} */
  ready() {
    return this.#reply();
  }

  /** @param {object} request see child.mjs */
  async ask(request) {
    this.#process.send(request);
    return this.#reply();
  }

  async end() {
    this.#process.kill();
    await this.#exited;
  }

  async #reply() {
    const reply = new Promise((resolve) => this.#process.once('message', resolve));
    const died = this.#exited.then((code) => ({ error: `the process ended with ${code}` }));
    const result = await Promise.race([reply, died]);
    if (result.error !== undefined) throw new Error(result.error);
    return result;
  }
}
