"""Inference alone, from floats to floats: this library, ONNX Runtime, OpenVINO and ncnn, in turns.

    pip install numpy onnxruntime openvino ncnn
    python bench/peers.py 512 bench/.cache/*.onnx [path/to/model.param ...]

Each takes a whole picture of that side at once, with all cores; ours cuts it as it likes. ONNX files run in all but
ncnn; a .param (with its .bin beside it, blobs `data` and `output`) runs in ncnn and in ours. Medians of RUNS, and how
many times faster than ONNX Runtime, or than ncnn, ours is. There is a pause between, so that spinning threads of one
do not hold up the next.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy

RUNS = 5
PAUSE_SECONDS = 0.3
ROOT = Path(__file__).resolve().parent.parent

# Runs the model each time a line comes in and answers with milliseconds.
OURS = """
const { Upscaler } = require(process.argv[1]);
const [side, model] = [Number(process.argv[2]), process.argv[3]];
const upscaler = new Upscaler({ model });
const data = Float32Array.from({ length: side * side * 3 }, (_, i) => (i * 7919) % 256);
require('node:readline').createInterface({ input: process.stdin }).on('line', async () => {
  const begun = performance.now();
  await upscaler.upscale({ data, shape: [side, side, 3] }, { output: 'tensor' });
  console.log(performance.now() - begun);
});
"""


def ours(model, side):
    """This library, in a process of its own."""
    child = subprocess.Popen(
        ["node", "-e", OURS, str(ROOT), str(side), str(Path(model).resolve())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run():
        child.stdin.write("\n")
        child.stdin.flush()
        return float(child.stdout.readline())

    return run


def timed(work):
    """A function that says how many milliseconds `work` took."""

    def run():
        begun = time.perf_counter()
        work()
        return (time.perf_counter() - begun) * 1e3

    return run


def onnx_runtime(model, picture):
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    feeds = {session.get_inputs()[0].name: picture}
    return timed(lambda: session.run(None, feeds))


def openvino(model, picture):
    import openvino

    core = openvino.Core()
    network = core.read_model(model)
    network.reshape(picture.shape)
    hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(network, "CPU", hints)
    return timed(lambda: compiled([picture]))


def ncnn(model, picture):
    import ncnn as library

    net = library.Net()
    net.opt.num_threads = library.get_cpu_count()
    net.load_param(model)
    net.load_model(str(Path(model).with_suffix(".bin")))
    data = library.Mat(numpy.ascontiguousarray(picture[0]))

    def work():
        with net.create_extractor() as extractor:
            extractor.input("data", data)
            _, result = extractor.extract("output")
            numpy.array(result)

    return timed(work)


def main():
    side = int(sys.argv[1])
    picture = numpy.random.default_rng(1).random((1, 3, side, side), dtype=numpy.float32)
    for model in sys.argv[2:]:
        contenders = {"ours": ours(model, side)}
        if model.endswith(".param"):
            contenders["ncnn"] = ncnn(model, picture)
        else:
            contenders["onnxruntime"] = onnx_runtime(model, picture)
            contenders["openvino"] = openvino(model, picture)
        for run in contenders.values():
            run()
        times = {name: [] for name in contenders}
        for _ in range(RUNS):
            for name, run in contenders.items():
                time.sleep(PAUSE_SECONDS)
                times[name].append(run())
        medians = {name: statistics.median(values) for name, values in times.items()}
        figures = ", ".join(
            f"{name} {median:.0f} ms ({median / medians['ours']:.2f}x ours)" for name, median in medians.items()
        )
        print(f"{Path(model).name}: {figures}", flush=True)


if __name__ == "__main__":
    main()
