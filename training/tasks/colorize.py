"""Colorization: soft-encoded chroma bins, with film-like luma part of the time."""
from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from ..data.chroma_bins import read_bins
from ..data.color_bank import ColorBank
from ..data.color_metrics import summarize
from ..data.color_set import ColorSet, holdout_pictures
from ..data.colorspace import rgb_to_ycc
from ..data.sight_weights import sight_file
from ..degrade import degrade
from ..engine.task import Batch, Task
from ..nets.colorizer import Colorizer
from .colorize_eval import judge
from .film_look import as_film
from .sight_reader import SightReader

SIGMA = 0.03
NEIGHBORS = 5
GRID = 256


class ColorizeTask(Task):
    def build(self) -> nn.Module:
        net = Colorizer(read_bins(), **self.config.net)
        if net.sight is not None and sight_file(self.cache).exists():
            net.sight.load_state_dict(torch.load(sight_file(self.cache), map_location="cpu"))
        return net.to(memory_format=torch.channels_last)

    @cached_property
    def reader(self) -> SightReader:
        """Made once: the weights are frozen."""
        if not sight_file(self.cache).exists():
            raise ValueError("no weights to see with: run python3 -m training.data.sight_weights with the same --out first")
        return SightReader(sight_file(self.cache), self.device)

    @cached_property
    def pictures(self) -> ColorSet:
        if self.data is None:
            raise ValueError("no data folder: give --data or set RESTORE_DATA")
        return ColorSet(self.data, self.cache, self.config.data.get("freePhotos", False))

    @cached_property
    def table(self) -> tuple[torch.Tensor, torch.Tensor]:
        index, share = soft_table(torch.tensor(read_bins()))
        return index.to(self.device), share.to(self.device)

    def stage(self, progress: float) -> dict[str, float]:
        """The frame size and share of large photos at this point of the schedule."""
        return [s for s in self.config.data["stages"] if progress >= s["from"]][-1]

    def batch(self, rng: np.random.Generator, progress: float) -> Batch:
        stage = self.stage(progress)
        size, count = int(stage["size"]), int(stage["batch"])
        luma = np.empty((count, 1, size, size), np.float32)
        chroma = np.empty((count, 2, size // 4, size // 4), np.float32)
        for k in range(count):
            shares = stage["largeShare"], stage["sceneShare"]
            if rng.random() < self.config.data["mutedShare"]:
                crop = self.pictures.muted(rng, size, *shares)
            else:
                crop = self.pictures.crop(rng, size, *shares, self.config.data["closest"])
            rgb = crop.astype(np.float32) / 255
            ycc = rgb_to_ycc(rgb)
            cells = ycc[..., 1:].reshape(size // 4, 4, size // 4, 4, 2).mean(axis=(1, 3))
            chroma[k] = cells.transpose(2, 0, 1)
            luma[k, 0] = _as_film(rgb, rng) if rng.random() < self.config.data["filmShare"] else ycc[..., 0]
        shown = torch.from_numpy(luma)
        seen = self.reader.read(shown) if self.config.net.get("sight") else ()
        return shown, *seen, torch.from_numpy(chroma)

    def phase(self, progress: float) -> int:
        return sum(progress >= s["from"] for s in self.config.data["stages"])

    @cached_property
    def banks(self) -> list[ColorBank]:
        """One a stage."""
        shares = [(s["largeShare"], s["sceneShare"]) for s in self.config.data["stages"]]
        return [ColorBank(self.pictures, large, scenes, self.device) for large, scenes in shares]

    def batch_on(self, progress: float) -> Batch:
        stage, data = self.stage(progress), self.config.data
        size, count = int(stage["size"]), int(stage["batch"])
        bank = self.banks[self.phase(progress) - 1]
        muted = torch.rand(count, 1, 1, 1, device=self.device) < data["mutedShare"]
        rgb = torch.where(muted, bank.muted(size, count), bank.crops(size, count, data["closest"]))
        red, green, blue = rgb.unbind(dim=1)
        y = 0.299 * red + 0.587 * green + 0.114 * blue
        chroma = F.avg_pool2d(torch.stack([(blue - y) / 1.772, (red - y) / 1.402], dim=1), 4)
        film = torch.rand(count, 1, 1, 1, device=self.device) < data["filmShare"]
        luma = torch.where(film, as_film(rgb), y[:, None])
        seen = self.reader.read(luma) if self.config.net.get("sight") else ()
        return luma, *seen, chroma

    def loss(self, model: nn.Module, batch: Batch, progress: float) -> torch.Tensor:
        *inputs, chroma = batch
        logits = model(*(t.contiguous(memory_format=torch.channels_last) for t in inputs))
        bins: torch.Tensor = model.bins
        flat = logits.permute(0, 2, 3, 1).reshape(-1, len(bins))
        target = chroma.permute(0, 2, 3, 1).reshape(-1, 2)
        place = ((target + 0.5) * GRID).long().clamp(0, GRID - 1)
        place = place[:, 0] * GRID + place[:, 1]
        index, share = (table[place] for table in self.table)
        log_chance = F.log_softmax(flat, dim=1)
        amount = 1.0 + self.config.data["rebalance"] * target.norm(dim=1) / 0.1
        entropy = -((log_chance.gather(1, index) * share).sum(dim=1) * amount).sum() / amount.sum()
        mean = log_chance.exp() @ bins
        distance = (mean - target).norm(dim=1).mean()
        return entropy + self.config.data["regression"] * distance

    @cached_property
    def holdout(self) -> list[tuple[str, np.ndarray]]:
        return holdout_pictures(self.data) if self.data else []

    def validate(self, model: nn.Module) -> dict[str, float]:
        rows = [judge(model, rgb, int(self.config.data["validationSize"])) for _, rgb in self.holdout]
        return summarize(rows) if rows else {}


def soft_table(bins: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Soft encoding of every chroma of a GRID x GRID raster, so that training only looks it up."""
    middle = (torch.arange(GRID, device=bins.device) + 0.5) / GRID - 0.5
    return soft_encode(torch.cartesian_prod(middle, middle), bins)


def soft_encode(chroma: torch.Tensor, bins: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """[M, 2] chroma -> the nearest bins and a Gaussian's share for each."""
    squared = (chroma[:, None] - bins[None]).square().sum(dim=2)
    near, index = squared.topk(NEIGHBORS, dim=1, largest=False)
    width = near[:, 1:2].clamp(min=SIGMA**2 / 4)
    share = torch.exp(-near / (2 * width))
    return index, share / share.sum(dim=1, keepdim=True)


def _as_film(rgb: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    luma = degrade(rgb, "gray", float(rng.uniform(0.3, 1)), rng)
    for name, chance, top in (("blur", 0.4, 0.35), ("fade", 0.7, 0.8), ("grain", 0.6, 0.8)):
        if rng.random() < chance:
            luma = degrade(luma, name, float(rng.uniform(0, top)), rng)
    return np.clip(luma, 0, 1)
