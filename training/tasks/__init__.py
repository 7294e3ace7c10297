"""The kinds of network that can be trained, by the name used in configuration files."""
from __future__ import annotations

from ..engine.task import Task
from .colorize import ColorizeTask
from .crisp import CrispTask
from .denoise import DenoiseTask
from .old_footage import OldFootageTask
from .super_resolution import SuperResolutionTask

TASKS: dict[str, type[Task]] = {
    "super-resolution": SuperResolutionTask,
    "old-footage": OldFootageTask,
    "crisp": CrispTask,
    "denoise": DenoiseTask,
    "colorize": ColorizeTask,
}
