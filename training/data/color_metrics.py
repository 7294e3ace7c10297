"""How good a colorization is: CIEDE2000, correlation and spread of a and b inside a picture."""
from __future__ import annotations

import numpy as np

_TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
_WHITE = np.array([0.95047, 1.0, 1.08883])


def rgb_to_lab(rgb: np.ndarray) -> np.ndarray:
    """sRGB 0..1 -> CIE Lab, D65."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T / _WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def ciede2000(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    l1, a1, b1 = np.moveaxis(one, -1, 0)
    l2, a2, b2 = np.moveaxis(two, -1, 0)
    mean_chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 0.5 * (1 - np.sqrt(mean_chroma**7 / (mean_chroma**7 + 25.0**7)))
    p1, p2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = np.hypot(p1, b1), np.hypot(p2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, p1)) % 360, np.degrees(np.arctan2(b2, p2)) % 360
    gray = c1 * c2 == 0
    dh = np.where(gray, 0, (h2 - h1 + 180) % 360 - 180)
    dhue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(dh / 2))
    far = np.abs(h1 - h2) > 180
    mean_h = np.where(gray, h1 + h2, (h1 + h2 + np.where(far, np.where(h1 + h2 < 360, 360, -360), 0)) / 2)
    lm, cm = (l1 + l2) / 2, (c1 + c2) / 2
    rad = np.radians
    t = 1 - 0.17 * np.cos(rad(mean_h - 30)) + 0.24 * np.cos(rad(2 * mean_h)) + 0.32 * np.cos(rad(3 * mean_h + 6))
    t -= 0.20 * np.cos(rad(4 * mean_h - 63))
    sl = 1 + 0.015 * (lm - 50) ** 2 / np.sqrt(20 + (lm - 50) ** 2)
    sc, sh = 1 + 0.045 * cm, 1 + 0.015 * cm * t
    turn = 60 * np.exp(-(((mean_h - 275) / 25) ** 2))
    rt = -np.sin(rad(turn)) * 2 * np.sqrt(cm**7 / (cm**7 + 25.0**7))
    dl, dc, dhn = (l2 - l1) / sl, (c2 - c1) / sc, dhue / sh
    return np.sqrt(np.maximum(dl**2 + dc**2 + dhn**2 + rt * dc * dhn, 0))


def color_figures(predicted_rgb: np.ndarray, true_rgb: np.ndarray, gray_rgb: np.ndarray) -> dict[str, float]:
    lab_p, lab_t, lab_g = rgb_to_lab(predicted_rgb), rgb_to_lab(true_rgb), rgb_to_lab(gray_rgb)
    correlation, spread = [], []
    for c in (1, 2):
        p, t = lab_p[..., c].ravel(), lab_t[..., c].ravel()
        if t.std() > 0.5:
            spread.append(p.std() / t.std())
            correlation.append(float(np.corrcoef(p, t)[0, 1]) if p.std() > 1e-6 else 0.0)
    nan = float("nan")
    return {
        "error": float(ciede2000(lab_p, lab_t).mean()),
        "gray_error": float(ciede2000(lab_g, lab_t).mean()),
        "correlation": float(np.mean(correlation)) if correlation else nan,
        "spread": float(np.mean(spread)) if spread else nan,
    }


def summarize(rows: list[dict[str, float]]) -> dict[str, float]:
    """Over pictures: the ratio of mean errors, mean correlation, mean spread."""
    mean = {k: float(np.nanmean([r[k] for r in rows])) for k in rows[0]}
    return {"ciede_ratio": mean["error"] / mean["gray_error"], "correlation": mean["correlation"], "spread": mean["spread"]}
