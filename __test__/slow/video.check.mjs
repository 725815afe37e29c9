/** examples/video.mjs with the real ffmpeg: a second of video with sound, twice as large. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const EXAMPLE = fileURLToPath(new URL('../../examples/video.mjs', import.meta.url));

function run(command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${error ?? stderr}`);
  return stdout;
}

function installFfmpeg() {
  if (spawnSync('ffmpeg', ['-version']).status === 0) return;
  const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
  const [command, ...args] = [
    ...sudo,
    'apt-get',
    'install',
    '-y',
    '-qq',
    '--no-install-recommends',
    'ffmpeg',
  ];
  run(command, ...args);
}

function streamsOf(file) {
  const entries = 'stream=codec_type,width,height,nb_read_frames,r_frame_rate';
  return JSON.parse(
    run('ffprobe', '-v', 'error', '-count_frames', '-show_entries', entries, '-of', 'json', file),
  ).streams;
}

test('the example makes a video twice as large, with all of its frames and its sound', () => {
  installFfmpeg();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'upscaler-video-'));
  try {
    const [input, output] = ['in.mp4', 'out.mp4'].map((name) => path.join(folder, name));
    const picture = ['-f', 'lavfi', '-i', 'testsrc=duration=1:size=48x32:rate=10'];
    const tone = ['-f', 'lavfi', '-i', 'sine=duration=1'];
    run('ffmpeg', '-v', 'error', ...picture, ...tone, '-pix_fmt', 'yuv420p', input);
    run(process.execPath, EXAMPLE, input, output, 'fast-2x');
    const [video, sound] = streamsOf(output);
    assert.deepEqual(
      [video.codec_type, video.width, video.height, video.r_frame_rate, video.nb_read_frames],
      ['video', 96, 64, '10/1', '10'],
    );
    assert.equal(sound.codec_type, 'audio');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
