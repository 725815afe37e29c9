"""python -m unittest training.test.test_training: what the recipe computes, against other implementations, exact properties and hand-computed cases."""

import math
import multiprocessing
import os
import random
import signal
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import numpy
import onnx
import torch
from onnx.reference import ReferenceEvaluator
from PIL import Image

from training import architectures, checkpoint
from training.architectures import plain, span
from training.config import Config, read
from training.data import degrade, drawings, patterns
from training.data.batches import batches
from training.data.pack import SHARES, pack
from training.data.prepare import save
from training.data.sampler import Sampler, load
from training.export import export
from training.losses import COLOUR_MARGIN, LOSSES, SOUND_MARGIN, coloured, unsound
from training.metrics import largest_after_reduction, luma, psnr_luma, ssim_luma
from training.onnx_graph import convolution_weights
from training.optimizer import Optimizer, orthogonal
from training.run import Extent, Folders, Trainer, run
from training.teach import teach
from training.together import together


SMOKE = Path(__file__).with_name("smoke.toml")
CONFIGS = Path(__file__).parents[1] / "configs"


def config(**changes) -> Config:
    return replace(read(SMOKE), **changes)


def lively(network: torch.nn.Module) -> torch.nn.Module:
    """With weights that matter in every layer."""
    torch.manual_seed(3)
    with torch.no_grad():
        for layer in plain.convolutions(network):
            layer.weight.normal_(0, (2 / (9 * layer.in_channels)) ** 0.5).copy_(layer.weight.half())
    return network


class Configuration(unittest.TestCase):
    def refused(self, name: str, *changes: tuple[str, str]) -> str:
        """What is said of a configuration of the project in which some text is another."""
        text = (CONFIGS / f"{name}.toml").read_text()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new, 1)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "changed.toml"
            file.write_text(text)
            with self.assertRaises(ValueError) as caught:
                read(file)
            self.assertTrue(str(caught.exception).startswith(f"{file}: "), caught.exception)
            return str(caught.exception).removeprefix(f"{file}: ")

    def test_those_of_the_project_are_read(self):
        names = [read(path).name for path in sorted(CONFIGS.glob("*.toml"))]
        self.assertEqual(names, sorted(path.stem for path in CONFIGS.glob("*.toml")))
        self.assertGreater(len(names), 0)

    def test_a_key_that_nothing_reads_is_refused_with_its_table_and_what_is_known(self):
        for name, old, new, key, place, known in (
            ("fast-2x", "\nsoundness", "\nsoundnes", "soundnes", "in [optimizer]", "soundness"),
            ("fast-2x", "\n[optimizer]", "\n[optimiser]", "optimiser", "outside of the tables", "optimizer"),
            ("fast-2x", "\n[data.alone]", "\n[data.aloen]", "aloen", "in [data]", "alone"),
            ("fast-2x", "\ncount", "\ncounts", "counts", "in [data.alone]", "count"),
            ("fast-2x", "\nflats = {", "\nflat = {", "flat", "in [data.kernels]", "flats"),
            ("fast-2x", "area", "arae", "arae", "in [data.kernels.text]", "area"),
            ("fast-2x", "\nevery", "\never", "ever", "in [evaluation]", "every"),
            ("grey-2x", "\nimage_channels", "\nimage_channel", "image_channel", "in [architecture]", "image_channels"),
            ("grey-2x", "\nphotos = 4", "\nphoto = 4", "photo", "in [data.detail]", "photos"),
            ("grey-2x", 'name = "span-2x"', 'names = "span-2x"', "names", "in [data.teacher]", "name"),
            ("grey-2x", '{ kind = "span" }', '{ kind = "span", layers = 3 }', "layers", "in [data.teacher.architecture]", "channels"),
            ("photo-2x", "\nshare = 0.4", "\nshares = 0.4", "shares", "in [start]", "share"),
            ("photo-2x", "\ntwice", "\ntwise", "twise", "in [data.compression]", "twice"),
        ):
            with self.subTest(place):
                begins, listed = self.refused(name, (old, new)).split(": known are ")
                self.assertEqual(begins, f"unknown key '{key}' {place}")
                self.assertIn(known, listed.split(", "))

    def test_what_is_missing_is_named(self):
        self.assertEqual(self.refused("fast-2x", ("seed = 3", "")), "seed missing")

    def test_an_unknown_kind_of_architecture_is_refused_with_those_that_there_are(self):
        self.assertEqual(self.refused("fast-2x", ('"plain"', '"plane"')), "architecture.kind must be one of plain, span, not 'plane'")


class Metrics(unittest.TestCase):
    def test_luma_is_16_for_black_235_for_white_and_81_for_red(self):
        colours = numpy.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0]]])
        self.assertEqual(numpy.round(luma(colours), 3).tolist(), [[16.0, 235.0, 81.481]])
        self.assertEqual(luma(numpy.array([[0, 255]])).tolist(), [[16.0, 235.0]])

    def test_a_luma_difference_of_one_everywhere_is_20_log10_255(self):
        grey = numpy.full((12, 12), 100.0)
        self.assertAlmostEqual(psnr_luma(grey, grey + 255 / 219, 2), 48.1308, places=3)

    def test_ssim_is_that_of_its_definition(self):
        chance = numpy.random.default_rng(4)
        x = chance.integers(0, 256, (19, 17)).astype(numpy.float64)
        y = numpy.clip(x + chance.normal(0, 30, x.shape), 0, 255)
        first, second = luma(x), luma(y)
        near = numpy.array([[math.exp(-(j * j + i * i) / (2 * 1.5**2)) for i in range(-5, 6)] for j in range(-5, 6)])
        near /= near.sum()
        values = []
        for top in range(1, x.shape[0] - 11):
            for left in range(1, x.shape[1] - 11):
                a, b = (picture[top : top + 11, left : left + 11] for picture in (first, second))
                mean_a, mean_b = (near * a).sum(), (near * b).sum()
                spread_a, spread_b = (near * (a - mean_a) ** 2).sum(), (near * (b - mean_b) ** 2).sum()
                together = (near * (a - mean_a) * (b - mean_b)).sum()
                light = (2 * mean_a * mean_b + 6.5025) / (mean_a**2 + mean_b**2 + 6.5025)
                values.append(light * (2 * together + 58.5225) / (spread_a + spread_b + 58.5225))
        self.assertAlmostEqual(ssim_luma(x, y, 1), sum(values) / len(values), places=9)
        self.assertEqual(ssim_luma(x, x, 1), 1.0)

    def test_the_worst_pixel_is_found(self):
        source = numpy.zeros((4, 4, 3), numpy.uint8)
        output = numpy.zeros((8, 8, 3), numpy.uint8)
        output[2:4, 4:6, 1] = 90
        self.assertEqual(largest_after_reduction(output, source), 90)


class Architecture(unittest.TestCase):
    def test_depth_to_space_is_that_of_onnx(self):
        tensor = torch.arange(2 * 12 * 3 * 5, dtype=torch.float32).reshape(2, 12, 3, 5)
        node = onnx.helper.make_node("DepthToSpace", ["x"], ["y"], blocksize=2, mode="DCR")
        (expected,) = ReferenceEvaluator(node).run(None, {"x": tensor.numpy()})
        self.assertTrue(numpy.array_equal(plain.depth_to_space(tensor, 2).numpy(), expected))

    def test_an_export_computes_what_the_network_does(self):
        for image_channels, scale in ((3, 2), (1, 4)):
            settings = {"kind": "plain", "scale": scale, "channels": 16, "layers": 2, "image_channels": image_channels}
            network = lively(architectures.build(settings))
            picture = torch.rand(1, image_channels, 7, 9)
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "network.onnx"
                export(network, config(architecture=settings), file)
                (found,) = ReferenceEvaluator(onnx.load(file)).run(None, {"input": picture.numpy()})
            with torch.inference_mode():
                self.assertLess(numpy.abs(found - network(picture).numpy()).max(), 1e-5)

    def test_span_computes_what_the_published_network_does_and_exports_it(self):
        published = Path(__file__).parents[2] / "models" / "span" / "2x.onnx"
        settings = {"kind": "span", "scale": 2}
        network = architectures.build(settings)
        span.start_from(network, convolution_weights(published))
        picture = numpy.linspace(0.2, 0.7, 3 * 9 * 11, dtype=numpy.float32).reshape(1, 3, 9, 11)
        (expected,) = ReferenceEvaluator(onnx.load(published)).run(None, {"input": picture})
        with torch.inference_mode():
            self.assertLess(numpy.abs(network(torch.from_numpy(picture)).numpy() - expected).max(), 1e-5)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "network.onnx"
            export(network, config(architecture=settings), file)
            (found,) = ReferenceEvaluator(onnx.load(file)).run(None, {"input": picture})
        self.assertLess(numpy.abs(found - expected).max(), 1e-5)

    def test_a_grey_network_starts_as_the_colour_network_on_grey_pictures(self):
        colour = lively(architectures.build({"kind": "plain", "scale": 2, "channels": 16, "layers": 2}))
        grey = architectures.build({"kind": "plain", "scale": 2, "channels": 16, "layers": 2, "image_channels": 1})
        plain.start_from(grey, [(layer.weight, layer.bias) for layer in plain.convolutions(colour)])
        picture = torch.rand(1, 1, 8, 8)
        with torch.inference_mode():
            expected = colour(picture.expand(1, 3, 8, 8)).mean(1, keepdim=True)
            self.assertTrue(torch.allclose(grey(picture), expected, atol=1e-5))

    def test_a_deeper_network_starts_as_the_one_it_starts_from(self):
        shallow = lively(architectures.build({"kind": "plain", "scale": 2, "channels": 16, "layers": 2}))
        deep = architectures.build({"kind": "plain", "scale": 2, "channels": 16, "layers": 5})
        plain.start_from(deep, [(layer.weight, layer.bias) for layer in plain.convolutions(shallow)])
        picture = torch.rand(1, 3, 8, 8)
        with torch.inference_mode():
            self.assertTrue(torch.equal(deep(picture), shallow(picture)))

    def test_a_shallower_network_is_refused(self):
        network = architectures.build({"kind": "plain", "scale": 2, "channels": 16, "layers": 2})
        with self.assertRaisesRegex(ValueError, "4 convolutions.*5"):
            plain.start_from(network, [(torch.zeros(1), torch.zeros(1))] * 5)


class Step(unittest.TestCase):
    def test_hidden_convolutions_move_along_the_polar_factor_of_their_gradient(self):
        torch.manual_seed(5)
        gradient = torch.randn(16, 16, 3, 3)
        left, _, right = torch.linalg.svd(gradient.reshape(16, -1), full_matrices=False)
        along = left.T @ orthogonal(gradient).reshape(16, -1) @ right.T
        self.assertTrue(torch.allclose(along, torch.diag(along.diag()), atol=1e-4))
        self.assertTrue(((along.diag() > 0.6) & (along.diag() < 1.3)).all())

    def test_the_first_step_of_the_ends_is_their_rate_along_the_gradients_sign(self):
        network = plain.build(2, 16, 2)
        optimizer = Optimizer(network, plain.hidden(network), {"rate": 1e-2, "end_rate": 2e-3})
        before = network.tail.weight.clone()
        network(torch.rand(1, 3, 8, 8)).square().mean().backward()
        optimizer.step(0.5)
        moved = before - network.tail.weight
        self.assertTrue(torch.allclose(moved, 1e-3 * network.tail.weight.grad.sign(), atol=1e-5))


class Losses(unittest.TestCase):
    def test_a_difference_of_two_everywhere(self):
        for channels in (1, 3):
            difference = torch.full((2, channels, 4, 4), 2.0)
            for name, expected in (("absolute", 2 / 255), ("even", math.log(3)), ("even-squared", math.log(5)), ("root", math.sqrt(5))):
                self.assertTrue(torch.allclose(LOSSES[name](difference), torch.tensor(expected)), name)

    def test_what_luma_does_not_show_counts_a_quarter(self):
        difference = torch.zeros(1, 3, 4, 4)
        difference[:, 0], difference[:, 1] = 3 * 0.587, -3 * 0.299
        self.assertAlmostEqual(LOSSES["absolute"](difference).item() * 255, (0.587 + 0.299) / 4, places=5)

    def test_crops_count_alike_by_the_logarithm(self):
        """A tenth less of the error of either is worth the same, but for the one that is added."""
        large = torch.full((1, 3, 4, 4), 90.0)
        gains = [(LOSSES["even-squared"](crop) - LOSSES["even-squared"](0.9 * crop)).item() for crop in (large, large / 9)]
        self.assertAlmostEqual(gains[0], gains[1], places=2)

    def test_what_a_result_invents_beyond_lost_detail_is_counted(self):
        small = torch.full((1, 1, 4, 4), 0.4)
        large = small.repeat_interleave(2, 2).repeat_interleave(2, 3)
        self.assertEqual(unsound(large, small).item(), 0)
        large[0, 0, 2:4, 4:6] += 0.2
        self.assertAlmostEqual(unsound(large, small).item(), (0.2 * 255 - SOUND_MARGIN) ** 2 / 16, places=2)
        small[0, 0, 0, 1] = 0.6
        self.assertAlmostEqual(unsound(large, small).item(), 2 * ((0.2 - 0.1) * 255 - SOUND_MARGIN) ** 2 / 16, places=2)

    def test_a_colour_that_is_not_around_is_counted(self):
        small = torch.full((1, 3, 4, 4), 0.5)
        large = torch.full((1, 3, 8, 8), 0.5)
        large[0, 2, 3, 3] += 0.1
        self.assertAlmostEqual(coloured(large, small).item(), 2 * (0.1 * 255 - COLOUR_MARGIN) ** 2 / (3 * 64), places=3)
        small[0, 2, 3, 3] += 0.1
        self.assertEqual(coloured(large, small).item(), 0)

    def test_a_checkerboard_that_becomes_grey_is_lost_detail(self):
        small = (torch.arange(6)[:, None] + torch.arange(6)).remainder(2).float()[None, None]
        self.assertEqual(unsound(torch.full((1, 1, 24, 24), 0.5), small).item(), 0)

    def test_beyond_black_and_white_nothing_is_invented_and_the_gradient_leads_back_only(self):
        white = torch.ones(1, 3, 4, 4)
        self.assertEqual(unsound(torch.full((1, 3, 8, 8), 7.0), white).item(), 0)
        far = torch.full((1, 3, 8, 8), 7.0, requires_grad=True)
        unsound(far, white / 2).backward()
        self.assertTrue((far.grad > 0).all())
        mixed = torch.zeros(1, 1, 2, 2, requires_grad=True)
        with torch.no_grad():
            mixed[0, 0, 0, 0] = 7.0
        unsound(mixed, torch.full((1, 1, 1, 1), 0.9)).backward()
        self.assertEqual((mixed.grad < 0).flatten().tolist(), [False, True, True, True])


class Data(unittest.TestCase):
    def test_a_small_crop_is_its_large_one_reduced(self):
        with tempfile.TemporaryDirectory() as folder:
            save(Path(folder) / "pictures" / "one.npy", drawings.drawing(random.Random(5)))
            small, large = Sampler(Path(folder), config().data, 2, 3, 1).batch(0, 8, 16)
        self.assertEqual((small.shape, large.shape), ((8, 3, 16, 16), (8, 3, 32, 32)))
        inner = slice(2, -2)
        for few, many in zip(small.transpose(0, 2, 3, 1), large.transpose(0, 2, 3, 1)):
            expected = numpy.asarray(degrade.reduce(numpy.ascontiguousarray(many), 2, "bicubic"))
            self.assertTrue(numpy.array_equal(few[inner, inner], expected[inner, inner]))

    def test_a_batch_depends_on_nothing_but_seed_and_step(self):
        with tempfile.TemporaryDirectory() as folder:
            save(Path(folder) / "pictures" / "one.npy", drawings.drawing(random.Random(5)))
            make = lambda seed, step: Sampler(Path(folder), config().data, 2, 3, seed).batch(step, 2, 16)[0].tobytes()
            self.assertEqual(make(1, 4), make(1, 4))
            self.assertNotEqual(make(1, 4), make(1, 5))
            self.assertNotEqual(make(1, 4), make(2, 4))

    def test_batches_come_in_their_order_however_many_processes_make_them(self):
        with tempfile.TemporaryDirectory() as folder:
            save(Path(folder) / "pictures" / "one.npy", drawings.drawing(random.Random(5)))
            sampler = Sampler(Path(folder), config().data, 2, 3, 1)
            found = list(batches(sampler, config().optimizer, range(3, 9), 3))
        for step, pair in zip(range(3, 9), found, strict=True):
            for made, expected in zip(pair, sampler.batch(step, 8, 24)):
                self.assertTrue(numpy.array_equal(made.numpy(), expected))

    def test_signals_to_all_processes_leave_the_batches_to_come(self):
        with tempfile.TemporaryDirectory() as folder:
            save(Path(folder) / "pictures" / "one.npy", drawings.drawing(random.Random(5)))
            pairs = iter(batches(Sampler(Path(folder), config().data, 2, 3, 1), config().optimizer, range(20), 2))
            begun = [next(pairs), next(pairs)]
            for process in multiprocessing.active_children():
                for number in (signal.SIGTERM, signal.SIGINT):
                    os.kill(process.pid, number)
            self.assertEqual(len(begun) + len(list(pairs)), 20)

    def test_a_pack_keeps_to_its_size_and_holds_crops_of_every_group(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for group in SHARES:
                save(root / "whole" / group / "one.npy", drawings.drawing(random.Random(group)))
            counts = pack(root / "whole", root / "small", 2_000_000)
            self.assertLess(sum(path.stat().st_size for path in (root / "small").rglob("*.webp")), 2_000_000)
            for group, count in counts.items():
                crops = [layers[0] for layers in load(root / "small" / group, None)]
                self.assertEqual(len(crops), count)
                self.assertGreater(count, 0)
            whole = numpy.load(root / "whole" / "flats" / "one.npy")
            crop = load(root / "small" / "flats", None)[0][0]
            places = numpy.lib.stride_tricks.sliding_window_view(whole[:, :, 0], crop.shape[:2])
            self.assertTrue((places[:, :, ::40, ::40] == crop[::40, ::40, 0]).all((2, 3)).any(), "a drawn crop is kept exactly")
            settings = {**config().data, "groups": {group: 1.0 for group in SHARES}}
            small, large = Sampler(root / "small", settings, 2, 3, 1).batch(0, 16, 48)
        self.assertEqual((small.shape, large.shape), ((16, 3, 48, 48), (16, 3, 96, 96)))

    def test_of_several_places_the_one_with_the_most_detail_is_taken(self):
        picture = numpy.full((200, 2000, 3), 90, numpy.uint8)
        picture[:, 1000:] = numpy.random.default_rng(1).integers(0, 256, (200, 1000, 3))
        with tempfile.TemporaryDirectory() as folder:
            save(Path(folder) / "pictures" / "one.npy", picture)
            flat = {}
            for places in (1, 9):
                settings = {**config().data, "detail": {"pictures": places}}
                _, large = Sampler(Path(folder), settings, 2, 1, 1).batch(0, 64, 16)
                flat[places] = sum(int(crop.std() == 0) for crop in large)
        self.assertGreater(flat[1], 16)
        self.assertEqual(flat[9], 0)

    def test_crops_without_a_large_form_follow_and_are_not_reduced(self):
        checkers = (numpy.indices((64, 64)).sum(0) % 2 * 255).astype(numpy.uint8)
        with tempfile.TemporaryDirectory() as folder:
            save(Path(folder) / "pictures" / "one.npy", drawings.drawing(random.Random(5)))
            save(Path(folder) / "checkers" / "one.npy", numpy.repeat(checkers[:, :, None], 3, 2))
            settings = {**config().data, "alone": {"count": 3, "groups": {"checkers": 1.0}}}
            for channels in (1, 3):
                small, large = Sampler(Path(folder), settings, 2, channels, 1).batch(0, 2, 16)
                self.assertEqual((small.shape, large.shape), ((5, channels, 16, 16), (2, channels, 32, 32)))
                for plane in small[2:].reshape(-1, 16, 16):
                    self.assertEqual(len(numpy.unique(plane)), 2)
                    self.assertTrue((plane[1:] != plane[:-1]).all() and (plane[:, 1:] != plane[:, :-1]).all())

    def test_taught_crops_are_what_the_teacher_makes_of_the_small_ones(self):
        architecture = {"kind": "plain", "channels": 4, "layers": 1}
        doubling = lively(architectures.build({**architecture, "scale": 2}))
        torch.nn.init.zeros_(doubling.tail.weight)  # What is left interpolates, which turns and changed colours do not alter.
        # Of less contrast, so that Pillow, which rounds between rows and columns, clips nothing there: a turned picture is reduced alike.
        picture = drawings.drawing(random.Random(5))[:, :-1] // 2 + 64
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            save(root / "pictures" / "one.npy", picture)
            export(doubling, config(architecture={**architecture, "scale": 2}), root / "teacher.onnx")
            teacher = {"name": "interpolation", "architecture": architecture, "weights": "teacher.onnx", "groups": ["pictures"]}
            teach(root, teacher, 2, root)
            small, large = Sampler(root, {**config().data, "teacher": teacher}, 2, 3, 1).batch(0, 32, 16)
        with torch.inference_mode():
            expected = doubling(torch.from_numpy(small).float())
        inner = slice(2, -2)
        self.assertLess(numpy.abs(expected.numpy() - large)[:, :, inner, inner].max(), 2)
        self.assertGreater(numpy.abs(numpy.roll(expected, 1, 2) - large)[:, :, inner, inner].max(), 20)

    def test_patterns_are_of_single_pixels_and_the_same_at_every_run(self):
        for kind in set(patterns.KINDS):
            first, second = (kind(random.Random(4)) for _ in range(2))
            self.assertEqual((first.shape, first.dtype), ((patterns.SIDE, patterns.SIDE, 3), numpy.uint8))
            self.assertTrue(numpy.array_equal(first, second), kind.__name__)
            self.assertFalse(numpy.array_equal(first[:-1], first[1:]) and numpy.array_equal(first[:, :-1], first[:, 1:]), kind.__name__)

    def test_compression_keeps_size_and_place(self):
        picture = Image.fromarray(numpy.kron(numpy.arange(36, dtype=numpy.uint8).reshape(6, 6) * 7, numpy.ones((8, 8), numpy.uint8))).convert("RGB")
        settings = {"share": 1.0, "quality": [90, 95], "twice": 1.0, "webp": 0.3}
        for seed in range(20):
            found = numpy.asarray(degrade.compress(picture, random.Random(seed), settings)).astype(int)
            self.assertEqual(found.shape, (48, 48, 3))
            self.assertLess(numpy.abs(found - numpy.asarray(picture)).mean(), 6)


class Result(unittest.TestCase):
    def test_it_lies_between_the_start_and_the_average(self):
        trainer = Trainer(config(start={"share": 0.25}), Path())
        with torch.no_grad():
            for kept in trainer.average.parameters():
                kept.add_(1)
        for mixed, started in zip(trainer.result().parameters(), trainer.start.parameters()):
            self.assertTrue(torch.allclose(mixed, started + 0.75, atol=1e-6))


class Training(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        save(self.root / "pictures" / "one.npy", drawings.drawing(random.Random(1)))
        save(self.root / "pictures" / "two.png", drawings.drawing(random.Random(2))[:64, :64])

    def trained(self, output: str, **options) -> Trainer:
        return run(config(), Folders(self.root, self.root, self.root, self.root / output), **options)

    def test_a_stopped_run_goes_on_as_if_it_had_not_been(self):
        whole = self.trained("whole")
        self.trained("parts", extent=Extent(until=8))
        parts = self.trained("parts")
        self.assertEqual((whole.step, parts.step), (20, 20))
        for expected, found in zip(whole.network.parameters(), parts.network.parameters()):
            self.assertTrue(torch.equal(expected, found))

    @unittest.skipUnless(Path("/proc/cpuinfo").exists(), "says which instructions there are")
    def test_bfloat16_is_for_processors_that_have_instructions_for_it(self):
        flags = set(Path("/proc/cpuinfo").read_text().split())
        steps = Trainer(config(optimizer={**config().optimizer, "bfloat16_steps": 10}), self.root).bfloat16_steps
        self.assertEqual(steps, 10 if flags & {"avx512_bf16", "amx_bf16", "bf16"} else 0)

    def test_a_compact_checkpoint_can_be_gone_on_from(self):
        state = self.trained("whole", extent=Extent(until=10)).state()
        checkpoint.save(self.root / "kept.pt", checkpoint.compact(state))
        resumed = self.trained("other", resume=self.root / "kept.pt")
        self.assertEqual(resumed.step, 20)

    def test_a_run_of_some_minutes_ends_at_the_lowest_pace_and_exports_what_it_has_learnt(self):
        folders = Folders(self.root, self.root, None, self.root / "timed")
        trainer = run(config(optimizer={**config().optimizer, "steps": 2}), folders, Extent(minutes=0.05))
        self.assertAlmostEqual(trainer.pace(), config().optimizer["floor"])
        self.assertGreater(trainer.step, 2)
        self.assertTrue((self.root / "timed" / "smoke.onnx").exists())
        self.assertEqual(checkpoint.load(self.root / "timed" / "smoke.pt")["step"], trainer.step)

    def test_several_runs_end_together_and_one_that_fails_is_named(self):
        good, bad = (self.root / f"{name}.toml" for name in ("good", "bad"))
        tables = [SMOKE.read_text().replace("smoke", path.stem) for path in (good, bad)]
        tables[1] = tables[1].replace("pictures = 1.0", "nowhere = 1.0")
        (self.root / "prepared").mkdir()
        (self.root / "pictures").rename(self.root / "prepared" / "pictures")
        for path, text in zip((good, bad), tables):
            path.write_text(text)
        options = ["--data", str(self.root), "--output", str(self.root / "out"), "--device", "cpu"]
        with self.assertRaisesRegex(RuntimeError, "failed: bad$"):
            together([bad, good], options, 0.05, self.root)
        self.assertGreater(checkpoint.load(self.root / "out" / "good.pt")["step"], 0)

    def test_exported_weights_are_those_of_the_average_as_float16(self):
        trainer = self.trained("whole")
        pairs = convolution_weights(self.root / "whole" / "smoke.onnx")
        for layer, (weight, bias) in zip(plain.convolutions(trainer.average), pairs, strict=True):
            self.assertTrue(torch.equal(layer.weight.half().float(), weight))
            self.assertTrue(torch.equal(layer.bias, bias))


if __name__ == "__main__":
    unittest.main()
