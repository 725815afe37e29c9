'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const { test, before } = require('node:test');
const sharp = require('sharp');
const { createUpscale } = require('upscaler-node/express');
const { NEAREST } = require('../support/pixels');
const { DOUBLER, assertDoubled, largePng, smallPng } = require('../support/doubled');
const { eventually, request, withServer } = require('../support/http');

let png;
before(async () => {
  png = await smallPng();
});

/**
 * @param {object} options
 * @param {(origin: string, upscale: import('upscaler-node/express').UpscaleServer) => Promise<void>} use
 */
async function serving(options, use) {
  const upscale = createUpscale({ ...DOUBLER, ...options });
  try {
    await withServer(upscale.upscale, (origin) => use(origin, upscale));
  } finally {
    await upscale.close();
  }
}

const post = (origin, body, headers = {}, query = '') =>
  fetch(origin + query, { method: 'POST', body, headers, duplex: 'half' });
const problemOf = async (response) => {
  assert.equal(response.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  return response.json();
};

test('a raw picture comes back doubled, with what is known of it', async () => {
  const cases = [
    [true, /^read;dur=[\d.]+, wait;dur=[\d.]+, first;dur=[\d.]+$/, null],
    [
      false,
      /^read;dur=[\d.]+, wait;dur=[\d.]+, decode;dur=[\d.]+, upscale;dur=[\d.]+, encode;dur=[\d.]+$/,
      /^\d+$/,
    ],
  ];
  for (const [stream, timing, length] of cases) {
    await serving({ stream }, async (origin) => {
      const response = await post(origin, png, { 'content-type': 'image/png' });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('content-type'), 'image/png');
      assert.equal(response.headers.get('vary'), 'Accept');
      assert.match(response.headers.get('server-timing'), timing);
      if (length) assert.match(response.headers.get('content-length'), length);
      else assert.equal(response.headers.get('content-length'), null);
      await assertDoubled(Buffer.from(await response.arrayBuffer()));
    });
  }
});

test('a large result is whole, and a client that leaves in its middle stops the rest', async () => {
  const tall = await sharp({ create: { width: 64, height: 12_000, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  await serving({ instance: { model: NEAREST } }, async (origin, upscale) => {
    const response = await post(origin, tall, { 'content-type': 'image/png' }, '/?format=jpeg');
    const whole = Buffer.from(await response.arrayBuffer());
    assert.equal((await sharp(whole).metadata()).height, 24_000);
    const controller = new AbortController();
    const leaving = await fetch(`${origin}/?scale=4`, {
      method: 'POST',
      body: tall,
      signal: controller.signal,
    });
    assert.ok((await leaving.body.getReader().read()).value.length > 0);
    controller.abort();
    await eventually(() => upscale.status().running === 0);
    assert.equal((await post(origin, png)).status, 200);
  });
});

test('a form, JSON in base64 and a data: URL do the same', async () => {
  await serving({}, async (origin) => {
    const form = new FormData();
    form.set('format', 'png');
    form.set('photo', new Blob([png], { type: 'image/png' }), 'photo.png');
    const image = png.toString('base64');
    const bodies = [
      [form, {}],
      [JSON.stringify({ image, format: 'png' }), { 'content-type': 'application/json' }],
      [JSON.stringify({ image: `data:image/png;base64,${image}` }), { 'content-type': 'application/json' }],
    ];
    for (const [body, headers] of bodies) {
      const response = await post(origin, body, headers);
      assert.equal(response.status, 200, await response.clone().text());
      await assertDoubled(Buffer.from(await response.arrayBuffer()));
    }
  });
});

test('JSON is answered with JSON where the client prefers it', async () => {
  await serving({}, async (origin) => {
    const headers = { 'content-type': 'image/png', accept: 'application/json' };
    const { image, info } = await (await post(origin, png, headers)).json();
    await assertDoubled(Buffer.from(image.split(',')[1], 'base64'));
    assert.deepEqual([info.width, info.height, info.format], [24, 16, 'png']);
  });
});

test('the format is the one that the client likes best', async () => {
  await serving({}, async (origin) => {
    const cases = {
      'image/avif-unknown,image/webp,image/apng,image/*,*/*;q=0.8': 'image/webp',
      '*/*': 'image/png',
      'image/jpeg;q=0.5, image/png': 'image/png',
      'image/jpg': 'image/jpeg',
      'image/webp;q=0, image/*': 'image/png',
    };
    for (const [accept, type] of Object.entries(cases)) {
      const response = await post(origin, png, { 'content-type': 'image/png', accept });
      assert.equal(response.headers.get('content-type'), type, accept);
    }
    const refused = await post(origin, png, { 'content-type': 'image/png', accept: 'text/html' });
    assert.equal((await problemOf(refused)).status, 406);
    const named = await post(
      origin,
      png,
      { 'content-type': 'image/png', accept: 'image/png' },
      '/?format=webp',
    );
    assert.equal(named.headers.get('content-type'), 'image/webp');
  });
});

test('parameters go through a list with ranges', async () => {
  await serving({ parameters: { scale: { max: 3 }, quality: false }, models: [] }, async (origin) => {
    const sized = await post(origin, png, { 'content-type': 'image/png' }, '/?width=30&height=20&fit=fill');
    const { width, height } = await sharp(Buffer.from(await sized.arrayBuffer())).metadata();
    assert.deepEqual([width, height], [30, 20]);
    const refused = {
      'scale=4': /number above 0 to 3 for scale but received "4"/,
      'scale=2e0': /for scale/,
      'scale=': /for scale/,
      'scale=2&scale=3': /one value for scale/,
      'scale=2&width=9': /either scale/,
      'width=1.5': /integer for width/,
      'width=0': /for width/,
      'quality=80': /no quality/,
      'model=/etc/passwd': /no model/,
      'format=tiff': /one of png, jpeg, webp for format/,
    };
    for (const [query, message] of Object.entries(refused)) {
      const { status, code, detail } = await problemOf(await post(origin, png, {}, `/?${query}`));
      assert.deepEqual([status, code], [400, 'ERR_UPSCALER_REQUEST'], query);
      assert.match(detail, message);
    }
  });
});

test('a request chooses among the models that it may', async () => {
  await serving({ models: [NEAREST, 'denoise-2x-0'] }, async (origin) => {
    const response = await post(origin, png, {}, '/?model=denoise-2x-0');
    assert.equal(response.headers.get('upscaler-model'), 'denoise-2x-0');
    const { detail } = await problemOf(await post(origin, png, {}, '/?model=span-4x'));
    assert.match(detail, /one of .*denoise-2x-0 for model but received "span-4x"/);
  });
});

test('what cannot be upscaled is answered by its kind', async () => {
  await serving({ limits: { bytes: 100_000, inputPixels: 1000, outputPixels: 3000 } }, async (origin) => {
    const large = await largePng(40);
    const cases = [
      [400, 'ERR_UPSCALER_REQUEST', Buffer.alloc(0), 'image/png'],
      [415, 'ERR_UPSCALER_UNSUPPORTED_FORMAT', Buffer.from('not a picture'), 'image/png'],
      [422, 'ERR_UPSCALER_DECODE', png.subarray(0, 60), 'image/png'],
      [413, 'ERR_UPSCALER_LIMIT', large, 'image/png'],
      [413, 'ERR_UPSCALER_REQUEST', Buffer.alloc(100_001), 'image/png'],
      [415, 'ERR_UPSCALER_REQUEST', png, 'text/plain'],
      [415, 'ERR_UPSCALER_REQUEST', png, 'application/x-www-form-urlencoded'],
      [400, 'ERR_UPSCALER_REQUEST', '{', 'application/json'],
      [400, 'ERR_UPSCALER_REQUEST', '{}', 'application/json'],
      [400, 'ERR_UPSCALER_REQUEST', '[1]', 'application/json'],
      [400, 'ERR_UPSCALER_REQUEST', '{"image":"###"}', 'application/json'],
      [400, 'ERR_UPSCALER_REQUEST', '{"image":"/etc/passwd!"}', 'application/json'],
      [400, 'ERR_UPSCALER_REQUEST', '{"url":"http://127.0.0.1/x.png"}', 'application/json'],
      [400, 'ERR_UPSCALER_REQUEST', 'x', 'multipart/form-data'],
      [400, 'ERR_UPSCALER_REQUEST', 'x', 'multipart/form-data; boundary=abc'],
      [400, 'ERR_UPSCALER_REQUEST', '--abc\r\n', 'multipart/form-data; boundary=abc'],
    ];
    for (const [status, code, body, type] of cases) {
      const problem = await problemOf(await post(origin, body, { 'content-type': type }));
      assert.deepEqual([problem.status, problem.code], [status, code], `${type} ${problem.detail}`);
      assert.doesNotMatch(JSON.stringify(problem), /node_modules|lib\/|\.js\b/);
    }
    const { status } = await problemOf(await post(origin, png, { 'content-encoding': 'gzip' }));
    assert.equal(status, 415);
    const get = await fetch(origin);
    assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST, OPTIONS']);
    const options = await fetch(origin, { method: 'OPTIONS' });
    assert.equal(options.headers.get('accept-post'), 'image/*, multipart/form-data, application/json');
    assert.equal((await post(origin, png)).status, 200);
  });
});

test('a form with two pictures, too many fields or a long one is refused', async () => {
  await serving({ limits: { bytes: 5000 } }, async (origin) => {
    const forms = { two: new FormData(), many: new FormData(), long: new FormData(), big: new FormData() };
    forms.two.append('a', new Blob([png]), 'a.png');
    forms.two.append('b', new Blob([png]), 'b.png');
    for (let i = 0; i < 30; i++) forms.many.append(`f${i}`, 'x');
    forms.long.append('scale', '1'.repeat(300));
    forms.long.append('a', new Blob([png]), 'a.png');
    forms.big.append('a', new Blob([Buffer.alloc(6000)]), 'a.png');
    for (const [name, form] of Object.entries(forms)) {
      const { status } = await problemOf(await post(origin, form));
      assert.equal(status, name === 'big' ? 413 : 400, name);
    }
  });
});

test('bytes that no length announced are refused at the limit, and the client hears of it', async () => {
  await serving({ limits: { bytes: 10_000 } }, async (origin, upscale) => {
    const { status } = await request(origin, { method: 'POST' }, (client) => {
      for (let i = 0; i < 40; i++) client.write(Buffer.alloc(1000));
      client.end();
    });
    assert.equal(status, 413);
    const { detail } = await problemOf(await post(origin, Buffer.alloc(50_000)));
    assert.match(detail, /at most 10000 bytes/);
    await eventually(() => upscale.status().running === 0);
  });
});

test('a body that does not arrive is given up, and its place is free', async () => {
  await serving({ concurrency: 1, maxPending: 0, limits: { bodyTimeout: 100 } }, async (origin) => {
    const slow = request(origin, { method: 'POST', headers: { 'content-length': 1000 } }, (client) => {
      client.write(Buffer.alloc(10));
    });
    assert.equal((await slow).status, 408);
    assert.equal((await post(origin, png)).status, 200);
  });
});

test('a client that goes away takes its picture out of the queue', async () => {
  const options = { instance: {}, concurrency: 1 };
  await serving(options, async (origin, upscale) => {
    const photo = await largePng(700);
    const first = new AbortController();
    const second = new AbortController();
    const abandoned = [first, second].map(({ signal }) =>
      fetch(origin, { method: 'POST', body: photo, signal }),
    );
    const settled = Promise.allSettled(abandoned);
    await eventually(() => upscale.status().running === 1 && upscale.status().waiting === 1);
    second.abort();
    await eventually(() => upscale.status().waiting === 0);
    first.abort();
    await eventually(() => upscale.status().running === 0);
    assert.deepEqual(
      (await settled).map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal((await post(origin, png)).status, 200);
  });
});

test('a full queue answers before it reads, and says when to come again', async () => {
  await serving({ instance: {}, concurrency: 1, maxPending: 0 }, async (origin, upscale) => {
    const photo = await largePng(700);
    const controller = new AbortController();
    const running = fetch(origin, { method: 'POST', body: photo, signal: controller.signal }).catch(() => {});
    await eventually(() => upscale.status().running === 1);
    // Only its headers are sent: the answer does not wait for the rest.
    const refused = await request(
      origin,
      { method: 'POST', headers: { 'content-length': 5_000_000 } },
      (client) => {
        client.flushHeaders();
      },
    );
    assert.equal(refused.status, 503);
    assert.match(refused.headers['retry-after'], /^\d+$/);
    assert.equal(JSON.parse(refused.body).code, 'ERR_UPSCALER_QUEUE_FULL');
    controller.abort();
    await running;
  });
});

test('a picture that takes too long is answered 504', async () => {
  await serving({ instance: {}, limits: { timeout: 30 } }, async (origin) => {
    const photo = await largePng(900);
    const problem = await problemOf(await post(origin, photo));
    assert.deepEqual([problem.status, problem.code], [504, 'ERR_UPSCALER_TIMEOUT']);
  });
});

test('a server whose model cannot be loaded says nothing of where it looked', async () => {
  await serving({ instance: { model: './missing/secret.onnx' } }, async (origin) => {
    const problem = await problemOf(await post(origin, png));
    assert.equal(problem.status, 500);
    assert.equal(problem.detail, undefined);
  });
});

test('etag, cache control and disposition are sent where they are asked for', async () => {
  const options = { etag: true, cacheControl: 'public, max-age=60', disposition: 'attachment' };
  await serving(options, async (origin) => {
    const form = new FormData();
    form.set('photo', new Blob([png]), 'übung 1.png');
    const first = await post(origin, form);
    assert.equal(first.headers.get('cache-control'), 'public, max-age=60');
    assert.equal(
      first.headers.get('content-disposition'),
      `attachment; filename="_bung 1-24.png"; filename*=UTF-8''%C3%BCbung%201-24.png`,
    );
    const etags = [];
    for (const query of ['', '', '/?scale=3']) {
      etags.push((await post(origin, png, {}, query)).headers.get('etag'));
    }
    assert.match(etags[0], /^"[\w-]{43}"$/);
    assert.equal(etags[0], etags[1]);
    assert.notEqual(etags[0], etags[2]);
    assert.equal(etags[0], first.headers.get('etag'));
  });
});

test('pictures from the web come from hosts on the list alone', async () => {
  const images = http.createServer((req, res) => {
    if (req.url === '/away') return res.writeHead(302, { location: '/picture.png' }).end();
    if (req.url === '/huge') return res.end(Buffer.alloc(50_000));
    if (req.url === '/none') return res.writeHead(404).end();
    return res.end(png);
  });
  await withServer(images, async (host) => {
    const options = { urls: { hosts: [host] }, limits: { bytes: 20_000 } };
    await serving(options, async (origin) => {
      const get = (url) => post(origin, JSON.stringify({ url }), { 'content-type': 'application/json' });
      const response = await get(`${host}/picture.png`);
      await assertDoubled(Buffer.from(await response.arrayBuffer()));
      const refused = {
        [`${host}/away`]: 422,
        [`${host}/huge`]: 413,
        [`${host}/none`]: 422,
        [`${host.replace('127.0.0.1', 'localhost')}/picture.png`]: 400,
        'file:///etc/passwd': 400,
        [host.replace('http://', 'http://user:pass@')]: 400,
      };
      for (const [url, status] of Object.entries(refused)) {
        assert.equal((await problemOf(await get(url))).status, status, url);
      }
    });
  });
});

test('draining refuses new pictures and finishes those that were taken', async () => {
  await serving({ instance: {} }, async (origin, upscale) => {
    const photo = await largePng(300);
    const taken = post(origin, photo);
    await eventually(() => upscale.status().running === 1);
    const drained = upscale.drain();
    assert.equal((await problemOf(await post(origin, png))).status, 503);
    assert.equal((await taken).status, 200);
    await drained;
  });
});
