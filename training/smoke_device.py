"""What training on a GPU is made of, tried on a CPU with made-up pictures; a part of training.smoke_test."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from .data.color_bank import ColorBank
from .data.color_set import ColorSet, colorfulness
from .data.imresize import imresize
from .data.luma_set import LumaSet
from .data.patch_bank import PatchBank, Places
from .degrade.batched import Jpeg, blurred, grained, reduced, reducing_kernels
from .degrade.compress import jpeg_quality
from .degrade.filters import gaussian_blur
from .degrade.optics import KERNELS, downscale
from .engine import recorded
from .engine.config import Config, config_path
from .engine.criticized import CriticizedTrainer
from .engine.recorded import RecordedTrainer
from .engine.watchdog import Watchdog
from .tasks import TASKS
from .tasks.aging import Aging

CPU = torch.device("cpu")


def patches_are_pieces() -> None:
    """Turned and mirrored ones too, from the right picture, and their enlarged twins lie at the same place."""
    rng = np.random.default_rng(21)
    lows = [rng.random((9, 14)).astype(np.float32), rng.random((20, 8)).astype(np.float32)]
    highs = [low.repeat(3, axis=0).repeat(3, axis=1) for low in lows]
    low, high = (PatchBank(pictures, np.array([0.3, 0.7]), CPU) for pictures in (lows, highs))
    places = low.places(5, 64)
    read, twins = low.read(places, 5), high.read(places, 5, 3)
    assert torch.equal(twins, read.repeat_interleave(3, 2).repeat_interleave(3, 3)), "twins lie elsewhere"
    yes, no = torch.tensor([True]), torch.tensor([False])
    one = Places(torch.tensor([1]), torch.tensor([4]), torch.tensor([2]), yes, no, yes)
    piece = torch.from_numpy(lows[1][4:9, 2:7].copy())
    assert torch.equal(low.read(one, 5)[0, 0], piece.T.flip(0)), "a turned, mirrored patch is not that piece"
    plain = Places(one.picture, one.top, one.left, no, no, no)
    assert torch.equal(low.read(plain, 5)[0, 0], piece), "a patch is not a piece of its picture"


def batched_degradations_are_the_same(picture: np.ndarray) -> None:
    """As those of one picture after the other, but for the border."""
    batch = torch.from_numpy(picture)[None, None].repeat(2, 1, 1, 1)
    for sigma in (0.4, 0.8, 2.0):
        gap = np.abs(blurred(batch, torch.tensor([1.0, sigma]))[1, 0].numpy() - gaussian_blur(picture, sigma)).max()
        assert gap < 2e-3, f"a blur of {sigma} is off by {gap:.2e}"
    for scale in (2, 4):
        taps, side = torch.from_numpy(reducing_kernels(scale)), len(picture) // scale
        for k in range(len(taps)):
            ours = reduced(batch, taps[[0, k]], scale)[1, 0].numpy()
            gap = np.abs(ours - downscale(picture, side, side, KERNELS[k]))[4:-4, 4:-4].max()
            assert gap < 1e-5, f"reducing by {scale} with {KERNELS[k]} is off by {gap:.2e}"
    for quality in (20, 40, 90):
        ours = Jpeg(CPU)(batch, torch.tensor([50.0, float(quality)]))[1, 0].numpy()
        gap = np.abs(ours - jpeg_quality(picture, quality)).mean() * 255
        assert gap < 0.5, f"JPEG of quality {quality} is off by {gap:.2f} codes"
    gray = torch.full((2, 1, 128, 128), 0.5)
    grain = (grained(gray, torch.tensor([0.02, 0.05]), torch.tensor([0.6, 0.6])) - gray).std(dim=(1, 2, 3))
    assert torch.allclose(grain, torch.tensor([0.02, 0.05]), atol=1e-4), f"grain of {grain.tolist()}"


def copies_differ_in_grain_alone() -> None:
    """What crisp networks have to make the same thing of."""
    first, second, strength = Aging(4, CPU).twice(torch.full((200, 1, 64, 64), 0.5), 1.5, 0.5)
    gap = (first - second).square().mean(dim=(1, 2, 3)).sqrt()
    assert float(gap[strength == 0].sum()) == 0, "copies without grain differ"
    assert float(gap[strength > 0.3].min()) > 0.01, "grainy copies are the same"
    middle = float(first.mean() - 0.5)
    assert abs(middle) < 0.003, f"aging changes the brightness by {middle:.4f}"


def crops_are_of_their_pictures(pictures: ColorSet) -> None:
    bank = ColorBank(pictures, 0.3, 0.2, CPU)
    crops = bank.crops(32, 16, 1.0)
    assert crops.shape == (16, 3, 32, 32) and float(crops.min()) >= 0 and float(crops.max()) <= 1, "crops out of range"
    small = [torch.from_numpy(imresize(p / 255, 32, 32)).movedim(2, 0) for p in pictures.small]
    like = torch.stack([torch.stack([torch.minimum((c - s).abs().mean(), (c.flip(2) - s).abs().mean()) for s in small]).min() for c in crops])
    assert float(like.max()) < 0.1, f"a crop is like no picture: {like.max():.3f}"
    rng = np.random.default_rng(5)
    usual = [pictures.crop(rng, 32, 0.3, 0.2, 0.5) for _ in range(64)]
    muted = [pictures.muted(rng, 32, 0.3, 0.2) for _ in range(64)]
    batched = bank.muted(32, 64).movedim(1, 3).numpy() * 255
    mean, *less = (float(np.mean([colorfulness(c) for c in crops])) for crops in (usual, muted, batched))
    assert max(less) < 0.9 * mean, f"muted crops have a colorfulness of {less}, others of {mean:.1f}"


def recorded_steps_learn(model_id: str, luma: LumaSet, color: ColorSet, folder: Path) -> None:
    """The step that a GPU records, run as it is."""
    config = Config.read(config_path(model_id))
    config.batch, config.warmup, config.steps, config.data["patch"] = 4, 5, 60, 32
    config.data["criticFrom"] = 0.0
    if config.task == "colorize":
        config.data["stages"] = [{"from": 0.0, "size": 64, "batch": 8, "largeShare": 0.4, "sceneShare": 0.2}]
    for share in ("cardShare", "drawingShare", "patternShare"):
        config.data[share] = 0.0
    task = TASKS[config.task](config, None, folder)
    task.pictures = color if config.task == "colorize" else luma
    kind = CriticizedTrainer if "critic" in config.data else RecordedTrainer
    trainer, chunk = kind(task, folder / "recorded" / model_id), recorded.CHUNK
    watchdog, recorded.CHUNK = Watchdog(trainer.model), 2
    losses = [trainer.some_steps(watchdog) for _ in range(15)]
    recorded.CHUNK = chunk
    first, last = float(np.mean(losses[:4])), float(np.mean(losses[-4:]))
    assert last < first, f"{model_id}, recorded: the loss went from {first:.4f} to {last:.4f}"
    trainer.save()
    assert kind(task, folder / "recorded" / model_id).resume(), f"{model_id}: a recorded checkpoint is not taken up"
    print(f"{model_id}, the step for a GPU: loss {first:.4f} -> {last:.4f}")
