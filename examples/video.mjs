/**
 * node examples/video.mjs in.mp4 out.mp4 [model]: ffmpeg hands over raw frames, the network enlarges them, and ffmpeg makes
 * a video of them again, with the sound of the original. ffmpeg and ffprobe must be installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import Upscaler from 'upscaler-node';

const [input, output, model = 'span-2x'] = process.argv.slice(2);
if (output === undefined) {
  console.error('Usage: node examples/video.mjs in.mp4 out.mp4 [model]');
  process.exit(1);
}

const entries = ['-show_entries', 'stream=width,height,r_frame_rate', '-of', 'csv=p=0'];
const probe = spawnSync('ffprobe', ['-v', 'error', '-select_streams', 'v:0', ...entries, input], {
  encoding: 'utf8',
});
if (probe.status !== 0) throw new Error(`ffprobe: ${probe.error ?? probe.stderr}`);
const [width, height, rate] = probe.stdout.trim().split(',');
const size = { width: Number(width), height: Number(height), channels: 3 };
const bytes = size.width * size.height * 3;

const upscaler = new Upscaler({ model });
const { scale } = await upscaler.getModel();

const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24'];
const reader = spawn('ffmpeg', ['-v', 'error', '-i', input, ...raw, '-r', rate, '-'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const large = ['-s', `${size.width * scale}x${size.height * scale}`, '-r', rate];
const sound = ['-map', '0:v', '-map', '1:a?', '-c:a', 'copy'];
const writer = spawn(
  'ffmpeg',
  ['-v', 'error', '-y', ...raw, ...large, '-i', '-', '-i', input, ...sound, '-pix_fmt', 'yuv420p', output],
  { stdio: ['pipe', 'inherit', 'inherit'] },
);

/** Whole frames out of chunks of any length. */
async function* frames(stream) {
  let chunks = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    while (length >= bytes) {
      const all = Buffer.concat(chunks);
      yield all.subarray(0, bytes);
      chunks = [all.subarray(bytes)];
      length -= bytes;
    }
  }
}

/** Frames under way: while one is written, the cores work on the next. */
const AHEAD = 3;
const pending = [];
let count = 0;
const started = performance.now();

async function write() {
  const { data } = await pending.shift();
  if (!writer.stdin.write(data)) await once(writer.stdin, 'drain');
  const seconds = (performance.now() - started) / 1000;
  process.stderr.write(`\r${++count} frames, ${(count / seconds).toFixed(1)} a second`);
}

for await (const data of frames(reader.stdout)) {
  // Raw pixels must stay as they are until they are read: each frame has memory of its own.
  pending.push(upscaler.upscale({ data: Buffer.from(data), ...size }, { output: 'raw' }));
  if (pending.length > AHEAD) await write();
}
while (pending.length > 0) await write();
writer.stdin.end();
const [code] = await once(writer, 'close');
process.stderr.write('\n');
await upscaler.dispose();
process.exit(code ?? 1);
