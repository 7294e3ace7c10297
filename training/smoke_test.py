"""Trains each kind of network for a few steps on made-up pictures and exports it: python3 -m training.smoke_test

Checks that the loss falls, that the watchdog speaks up, that merged blocks equal their branches and that the
ONNX export matches PyTorch within 1e-4 (through onnxruntime-node where it is installed).
"""
from __future__ import annotations

import copy
import io
import tempfile
from pathlib import Path
from typing import Callable

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from .average import averaged
from .data.color_set import ColorSet
from .data.drawings import Drawings
from .data.free_photos import LARGEST, REDUCED, pictures_of, reduced
from .data.luma_set import LumaSet
from .data.sight_weights import SCOPE, convert, named_convolutions, sight_file
from .degrade import REGISTRY, degrade
from .degrade.filters import gaussian_blur
from .engine.config import Config, config_path
from .engine.loop import Trainer
from .engine.muon import collapse, orthogonalized
from .engine.watchdog import TrainingRunaway, Watchdog
from .engine.widen import narrow_from, widen
from .export import MODELS, check, export
from .from_model import read_weights, restore_colorizer, restore_luma
from .level import level, pattern
from .nets.colorizer import Colorizer
from .nets.luma import LumaNet
from .nets.sight import Sight
from .smoke_device import (
    batched_degradations_are_the_same,
    copies_differ_in_grain_alone,
    crops_are_of_their_pictures,
    patches_are_pieces,
    recorded_steps_learn,
)
from .tasks import TASKS
from .verify import difference

STEPS = 30


def made_up_picture(rng: np.random.Generator, side: int) -> np.ndarray:
    """Soft color blobs with a brightness that goes with the color."""
    noise = rng.standard_normal((side, side, 3)).astype(np.float32)
    picture = gaussian_blur(noise, side / 16)
    picture = 0.5 + 0.25 * picture / picture.std()
    picture[..., 0] = 1 - picture[..., 2]
    return np.clip(picture, 0, 1)


class MadeUpLuma(LumaSet):
    def __init__(self, scale: int):
        rng = np.random.default_rng(3)
        self.scale = scale
        self.high = [made_up_picture(rng, 256)[..., 0] for _ in range(4)]
        shape = (256 // scale, scale, 256 // scale, scale)
        self.low = [h.reshape(shape).mean(axis=(1, 3)) for h in self.high] if scale > 1 else self.high


class MadeUpColor(ColorSet):
    def __init__(self) -> None:
        rng = np.random.default_rng(4)
        pictures = [(made_up_picture(rng, 64) * 255).astype(np.uint8) for _ in range(24)]
        self.small, self.large, self.scenes = np.stack(pictures), pictures, pictures


class MadeUpDrawings(Drawings):
    def __init__(self) -> None:
        rng = np.random.default_rng(8)
        discs = [np.hypot(*np.mgrid[-1:1:64j, -1:1:80j]) < r for r in rng.uniform(0.3, 1, 6)]
        self.pieces = [np.stack([disc * int(rng.integers(255)), disc * 255]).astype(np.uint8) for disc in discs]


def train_and_export(model_id: str, folder: Path) -> None:
    config = Config.read(config_path(model_id))
    config.steps, config.batch, config.warmup, config.validate_every = STEPS, 4, 5, 10**9
    if config.task == "colorize":
        config.data["stages"] = [{"from": 0.0, "size": 64, "batch": 8, "largeShare": 0.4, "sceneShare": 0.2}]
    task = TASKS[config.task](config, None, folder)
    task.pictures = MadeUpColor() if config.task == "colorize" else MadeUpLuma(task.scale)
    if config.task == "old-footage":
        task.drawings = MadeUpDrawings()
    trainer = Trainer(task, folder / model_id)
    watchdog = Watchdog(trainer.model)
    losses = [trainer.one_step(watchdog) for _ in range(STEPS)]
    first, last = float(np.mean(losses[:5])), float(np.mean(losses[-5:]))
    assert last < first, f"{model_id}: the loss went from {first:.4f} to {last:.4f}"
    trainer.save()
    assert Trainer(task, folder / model_id).resume(), f"{model_id}: a checkpoint is not taken up"
    net = trainer.model.eval()
    folded = net.folded()
    inputs = (torch.rand(1, 1, 32, 48),) + ((torch.tensor([0.3]),) if getattr(net, "level", None) is not None else ())
    with torch.no_grad():
        gap = float((net(*inputs) - folded(*inputs)).abs().max())
    assert gap < 1e-4, f"{model_id}: folding changes the output by {gap:.2e}"
    export(config, folded, folder / "models")
    mean = averaged([trainer.model.state_dict()] * 2, task)
    assert all(torch.allclose(a, b) for a, b in zip(mean.parameters(), net.parameters())), f"{model_id}: averaging changes it"
    print(f"{model_id}: loss {first:.4f} -> {last:.4f}, folding {gap:.1e}, ", end="")
    check(config, folded, folder / "models", limit=1e-4)


def tiles_are_exact(model_id: str) -> None:
    """A tile with the manifest's halo gives the same middle as the whole picture."""
    config = Config.read(config_path(model_id))
    net = TASKS[config.task](config, None, Path(".")).build().eval().folded()
    halo, s = net.receptive_radius, net.scale
    picture = torch.rand(1, 1, 3 * halo, 3 * halo)
    strength = (torch.tensor([0.7]),) if net.level is not None else ()
    with torch.no_grad():
        whole = net(picture, *strength)
        tile = net(picture[..., : 2 * halo + 2, : 2 * halo + 2], *strength)
    kept = s * (halo + 2)
    gap = float((whole[..., :kept, :kept] - tile[..., :kept, :kept]).abs().max())
    assert gap < 1e-5, f"{model_id}: a halo of {halo} is too small, the tile is off by {gap:.2e}"


def widening_keeps_the_function() -> None:
    luma, strength = torch.rand(1, 1, 24, 32), torch.tensor([0.4])
    cases = ((2, True, True, 2), (1, True, True, 2), (2, True, True, 4), (4, False, True, 4), (4, False, False, 4))
    for of, half, told, scale in cases:
        narrow, wide = LumaNet(of, 16, 2, told, half=half), LumaNet(scale, 24, 3, True, half=half)
        widen(wide, narrow_from(narrow.state_dict()))
        with torch.no_grad():
            before, after = narrow(luma, strength), wide(luma, strength)
        before = F.interpolate(before, size=after.shape[2:], mode="nearest")
        gap = float((before - after).abs().max())
        assert gap < 1e-5, f"widening a network of scale {narrow.scale} to {scale} changes it by {gap:.2e}"


def flat_areas_become_level() -> None:
    for scale, half in ((2, True), (4, False)):
        net = LumaNet(scale, 16, 2, True, half=half)
        torch.nn.init.normal_(net.tail.bias, std=0.1)
        off, left = level(net), float(pattern(net).abs().max())
        assert off > 1 and left < 1e-5, f"a pattern of {off:.2f} codes is {left:.1e} after it was taken away"


def muon_steps_are_even() -> None:
    """All directions of a step are of about one length, and merging the branches for it keeps the function."""
    matrices = torch.randn(2, 12, 90) * torch.logspace(0, -1.5, 12)[:, None]
    lengths = torch.linalg.svdvals(orthogonalized(matrices))
    assert 0.6 < float(lengths.min()) and float(lengths.max()) < 1.3, f"lengths of {lengths.min():.2f} to {lengths.max():.2f}"
    net, luma, strength = LumaNet(2, 16, 2, True), torch.rand(1, 1, 24, 32), torch.tensor([0.4])
    with torch.no_grad():
        before = net(luma, strength)
        collapse(net)
        gap = float((net(luma, strength) - before).abs().max())
    assert gap < 1e-5, f"merging the branches for good changes the network by {gap:.2e}"


def shipped_weights_come_back(model_id: str) -> None:
    """A checkpoint made of an embedded model is that model."""
    config = Config.read(config_path(model_id))
    net = TASKS[config.task](config, None, Path(".")).build()
    weights, inputs = read_weights(MODELS / f"{model_id}.onnx"), (torch.rand(1, 1, 32, 48),)
    if isinstance(net, Colorizer):
        restore_colorizer(net, weights, (torch.rand(4, 1, 64, 64),))
    else:
        restore_luma(net, weights)
        inputs += (torch.tensor([0.3]),) if net.level is not None else ()
    gap = difference(net, inputs, MODELS / f"{model_id}.onnx", "logits" if isinstance(net, Colorizer) else "output")
    assert gap is None or gap < 1e-4, f"{model_id}: its weights come back with a difference of {gap:.2e}"


def sight_folds_exactly() -> None:
    """Its first convolution and its strides are those of the detector on the picture at twice its size, but for the border."""
    rng = np.random.default_rng(6)
    tensors: dict[str, np.ndarray] = {}

    def draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
        return tensors.setdefault(name, (0.3 * rng.standard_normal(shape)).astype(np.float32))

    for name, conv, is_depthwise in named_convolutions(Sight()):
        outputs, inputs, size, _ = conv.weight.shape
        draw(f"{name}/BatchNorm/batchnorm/sub", (outputs,))
        if is_depthwise:
            draw(f"{name}/depthwise_weights", (3, 3, outputs, 1))
            draw(f"{name}/BatchNorm/batchnorm/mul", (outputs,))
        else:
            draw(f"{name}/Conv2D/merged_input", (3, 3, 3, outputs) if name == f"{SCOPE}/Conv" else (size, size, inputs, outputs))
    net = convert(tensors)
    luma = torch.rand(1, 1, 24, 16)
    gray = F.interpolate(luma, scale_factor=2, mode="bilinear", align_corners=False).expand(-1, 3, -1, -1)
    kernel = torch.tensor(tensors[f"{SCOPE}/Conv/Conv2D/merged_input"].transpose(3, 2, 0, 1).copy())
    x = F.conv2d(F.pad(gray, (0, 1, 0, 1)), kernel, net.stem.bias, 2)
    gap = float((x - net.stem(luma))[..., 1:-1, 1:-1].abs().max())
    strided = net.blocks[1].depthwise
    scale = tensors[f"{SCOPE}/expanded_conv_1/depthwise/BatchNorm/batchnorm/mul"]
    kernel = torch.tensor((tensors[f"{SCOPE}/expanded_conv_1/depthwise/depthwise_weights"][..., 0] * scale).transpose(2, 0, 1)[:, None].copy())
    wide = torch.rand(1, kernel.shape[0], 12, 8)
    x = F.conv2d(F.pad(wide, (0, 1, 0, 1)), kernel, strided.bias, 2, groups=kernel.shape[0])
    gap = max(gap, float((x - strided(wide)).abs().max()))
    assert gap < 1e-4, f"the frozen network is not the detector's trunk: {gap:.2e}"


def must_stop(spoil: Callable[[torch.nn.Module], None], what: str, folder: Path) -> None:
    config = Config.read(config_path("luma-x2-fast"))
    config.batch = 2
    task = TASKS[config.task](config, None, folder)
    task.pictures = MadeUpLuma(2)
    trainer = Trainer(task, folder / "spoiled")
    spoil(trainer.model)
    try:
        trainer.one_step(Watchdog(trainer.model))
    except TrainingRunaway as stop:
        print(f"watchdog, {what}: {stop}")
        return
    raise AssertionError(f"the watchdog let {what} pass")


def watchdog_speaks(folder: Path) -> None:
    def poison(model: torch.nn.Module) -> None:
        model.body[3].plain.data[0, 0, 0, 0] = float("nan")

    def kill(model: torch.nn.Module) -> None:
        model.body[2].bias.data.fill_(-1e3)

    must_stop(poison, "a NaN weight", folder)
    must_stop(kill, "dead layers", folder)


def degradations_repeat() -> None:
    picture = made_up_picture(np.random.default_rng(5), 96)
    for name in sorted(REGISTRY):
        one, two = (degrade(copy.copy(picture), name, 0.6, 7) for _ in range(2))
        assert np.array_equal(one, two), f"{name} is not repeatable"
        assert np.isfinite(one).all() and one.shape[:2] == picture.shape[:2], f"{name} breaks the picture"
        assert np.array_equal(degrade(picture, name, 0.0, 7), picture), f"{name} changes the picture at strength 0"
    print(f"{len(REGISTRY)} degradations repeat with their seed")


def photos_come_out_of_containers(folder: Path) -> None:
    """The largest of the sizes of one picture, every picture of a resource file; reduced as far as they must be."""

    def packed(side: int, kind: str) -> bytes:
        file = io.BytesIO()
        Image.new("RGB", (side, side), (90, 120, 60)).save(file, kind)
        return file.getvalue()

    wallpaper, resources = folder / "wallpaper.edj", folder / "pictures.rcc"
    wallpaper.write_bytes(b"head" + packed(40, "JPEG") + b"\0between" + packed(80, "JPEG") + b"tail")
    resources.write_bytes(b"qres" + packed(30, "WEBP") + b"RIFF, which is no picture" + packed(50, "WEBP"))
    sides = [[image.width for image in pictures_of(file)] for file in (wallpaper, resources)]
    assert sides == [[80], [30, 50]], f"pictures of {sides} pixels came out"
    large = reduced(Image.new("RGB", (4500, 3000)))
    assert reduced(Image.new("RGB", (100, 60))).size == (round(100 * REDUCED), round(60 * REDUCED))
    assert 0.99 * LARGEST < large.width * large.height < 1.01 * LARGEST, f"a picture of {large.size} is left"


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        torch.save(Sight().state_dict(), sight_file(folder))
        degradations_repeat()
        photos_come_out_of_containers(folder)
        watchdog_speaks(folder)
        for model_id in ("luma-x4-fast", "luma-x2-quality", "old-x2", "old-x4-crisp", "denoise"):
            tiles_are_exact(model_id)
        sight_folds_exactly()
        widening_keeps_the_function()
        flat_areas_become_level()
        muon_steps_are_even()
        for model_id in ("luma-x4-quality", "denoise", "old-x2-fast", "old-x2", "old-x4-crisp", "colorize"):
            shipped_weights_come_back(model_id)
        print("tiles with their halo equal the whole picture")
        patches_are_pieces()
        batched_degradations_are_the_same(made_up_picture(np.random.default_rng(22), 96)[..., 0])
        crops_are_of_their_pictures(MadeUpColor())
        copies_differ_in_grain_alone()
        for model_id in ("luma-x2-fast", "old-x2-fast", "old-x4-crisp", "denoise", "colorize"):
            scale = Config.read(config_path(model_id)).net.get("scale", 1)
            recorded_steps_learn(model_id, MadeUpLuma(scale), MadeUpColor(), folder)
        for model_id in ("luma-x4-fast", "luma-x2-fast", "old-x2", "denoise", "colorize"):
            train_and_export(model_id, folder)
    print("all well")


if __name__ == "__main__":
    main()
