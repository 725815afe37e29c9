// @ts-check

/** What the page asks of the server that it came from, and of nobody else. */

const KEY = 'upscaler-playground-token';

/** An answer that is not what was asked for; `code` is the library's, where it is its error. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 where nobody answered
   * @param {string} message
   * @param {string} [code]
   */
  constructor(status, message, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** @param {string} token that the terminal printed */
export function useToken(token) {
  localStorage.setItem(KEY, token);
}

/**
 * @param {string} path
 * @param {{ method?: string, body?: BodyInit | object, headers?: Record<string, string>, signal?: AbortSignal }} [options]
 * @returns {Promise<Response>}
 */
export async function request(path, { method = 'GET', body, headers = {}, signal } = {}) {
  const isData = body instanceof Blob || body instanceof ArrayBuffer;
  let response;
  try {
    response = await fetch(`/api/${path}`, {
      method,
      body: body === undefined || isData ? /** @type {any} */ (body) : JSON.stringify(body),
      headers: { 'x-playground-token': localStorage.getItem(KEY) ?? '', ...headers },
      signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'The playground does not answer. Is it still running in the terminal?');
  }
  if (response.ok) return response;
  const { message, code } = await response.json().catch(() => ({ message: response.statusText }));
  throw new ApiError(response.status, message, code);
}

/**
 * @param {string} path
 * @param {Parameters<typeof request>[1]} [options]
 * @returns {Promise<any>}
 */
export async function json(path, options) {
  return (await request(path, options)).json();
}

/**
 * @param {string} path
 * @param {File | Blob} file
 * @param {string} name
 */
export function upload(path, file, name) {
  return json(path, { method: 'POST', body: file, headers: { 'x-file-name': encodeURIComponent(name) } });
}

/**
 * Lines of JSON, as they come.
 *
 * @param {string} path
 * @param {(event: any) => void} listener
 * @param {Parameters<typeof request>[1]} [options]
 */
export async function lines(path, listener, options) {
  const response = await request(path, options);
  const reader = /** @type {ReadableStream} */ (response.body)
    .pipeThrough(new TextDecoderStream())
    .getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) listener(JSON.parse(part));
  }
}
