'use strict';

/**
 * The server-sent events of a stream that ends, read by the rules of the HTML standard (9.2.6).
 *
 * @param {string} url
 * @returns {Promise<{ event: string, id: string | undefined, data: any }[]>}
 */
async function readEvents(url) {
  const response = await fetch(url, { headers: { accept: 'text/event-stream' } });
  if (response.headers.get('content-type') !== 'text/event-stream; charset=utf-8') {
    throw new Error(`Expected events but received ${response.status} ${await response.text()}`);
  }
  const blocks = (await response.text()).split('\n\n').filter((block) => /^data:/m.test(block));
  return blocks.map((block) => {
    const field = (name) => block.match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1];
    return { event: field('event'), id: field('id'), data: JSON.parse(field('data')) };
  });
}

module.exports = { readEvents };
