/**
 * Twenty steps of training on a drawing: the error falls, a stopped run goes on, and the export gives in the library what
 * the network gives in PyTorch. Python and PyTorch are brought into .cache/training unless $TRAINING_PYTHON has them.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../../scripts/install.mjs';

const require = createRequire(import.meta.url);
const { withUpscaler } = require('../support/with-upscaler');
const { largestDifference, pattern, toTensor } = require('../support/pixels');

const SIDE = 24;
const CONFIG = 'training/test/smoke.toml';
/** Writes a drawing into training's folders, and at last what the averaged weights make of the picture in input.bin. */
const PICTURES = `
import random, sys
from pathlib import Path
from training.data import drawings
from training.data.prepare import save
for folder, ending in (("prepared", "npy"), ("heldout", "png")):
    save(Path(sys.argv[1]) / folder / "pictures" / f"drawing.{ending}", drawings.drawing(random.Random(1)))
`;
const FORWARD = `
import sys, numpy, torch
from pathlib import Path
from training import architectures, checkpoint, config
folder = Path(sys.argv[1])
network = architectures.build(config.read(Path(sys.argv[3])).architecture)
network.load_state_dict(checkpoint.load(folder / "output" / "smoke.pt")["average"])
for layer in network.modules():
    if isinstance(layer, torch.nn.Conv2d):
        layer.weight.data = layer.weight.data.half().float()
side = int(sys.argv[2])
picture = numpy.fromfile(folder / "input.bin", numpy.float32).reshape(side, side, 3)
with torch.inference_mode():
    output = network(torch.from_numpy(picture / 255).permute(2, 0, 1)[None])[0].permute(1, 2, 0) * 255
output.clamp(0, 255).contiguous().numpy().tofile(folder / "expected.bin")
`;

const folder = mkdtempSync(path.join(tmpdir(), 'upscaler-training-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('its own tests pass', () => {
  python('-m', 'unittest', 'training.test.test_training');
});

test('the error falls, and the export is what was trained', async () => {
  python('-c', PICTURES, folder);
  const training = ['-m', 'training', '--data', folder, '--output', path.join(folder, 'output')];
  python(...training, 'run', CONFIG, '--until', '10');
  python(...training, 'run', CONFIG);
  const [head, ...rows] = readFileSync(path.join(folder, 'output', 'smoke.csv'), 'utf8')
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  assert.deepEqual(
    rows.map(([step]) => step),
    ['5', '10', '15', '20'],
  );
  const losses = rows.map((row) => Number(row[head.indexOf('loss')]));
  assert.ok(losses[3] < 0.95 * losses[0], losses.join(' '));

  const picture = toTensor(pattern(SIDE, SIDE, 3));
  writeFileSync(path.join(folder, 'input.bin'), picture.data);
  python('-c', FORWARD, folder, `${SIDE}`, CONFIG);
  const expected = new Float32Array(readFileSync(path.join(folder, 'expected.bin')).buffer);
  const { data } = await withUpscaler({ model: path.join(folder, 'output', 'smoke.onnx') }, (upscaler) =>
    upscaler.upscale(picture, { output: 'tensor' }),
  );
  assert.equal(data.length, expected.length);
  assert.ok(largestDifference(data, expected) < 0.01);
});

/** @param {...string} args of a Python that has what training/pyproject.toml asks for */
function python(...args) {
  const command = process.env.TRAINING_PYTHON ?? environment();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
}

/** @returns {string} */
function environment() {
  const home = path.join(ROOT, '.cache', 'training');
  const interpreter = path.join(home, 'bin', 'python');
  if (existsSync(path.join(home, 'installed'))) return interpreter;
  for (const command of [
    ['python3', '-m', 'venv', home],
    [interpreter, '-m', 'pip', 'install', '--quiet', path.join(ROOT, 'training')],
  ]) {
    const { status } = spawnSync(command[0], command.slice(1), { stdio: 'inherit' });
    assert.equal(status, 0, command.join(' '));
  }
  writeFileSync(path.join(home, 'installed'), '');
  return interpreter;
}
