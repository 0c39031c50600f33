"""The 1,339 features of examples/har/spec.yaml, vectorised over windows and signals in NumPy and SciPy. Formulas as in
docs/features.md.

Arguments: a file of float32 signals, channel after channel; one of int32 beginnings of windows; channels in order, with
commas; how often to run; where to write the table; and how: `plain` is double precision and all windows at once, as such
scripts are written, `tuned` is single precision in chunks that stay in the processor's cache. Prints one line of JSON with
the processor seconds of each run, reading left out.
"""

import json
import sys
import time

import numpy as np
import scipy
from scipy.fft import irfft, rfft

SAMPLES = 128
RATE_HZ = 50
EDGES_HZ = (0, 0.8, 1.6, 2.4, 3.2, 4.8, 6.4, 9.6, 12.8, 25)
# As many windows as are fastest in single precision, of 64, 256, 1,024 and all; double precision takes what memory allows.
PRECISION, AT_ONCE = {"tuned": (np.float32, 64), "plain": (np.float64, 1 << 20)}[sys.argv[6]]
FLOOR = PRECISION(1e-8)
HERTZ = (np.arange(1, SAMPLES // 2 + 1) * (RATE_HZ / SAMPLES)).astype(PRECISION)
BANDS = [np.flatnonzero((low <= HERTZ) & ((HERTZ < high) | (high == RATE_HZ / 2))) for low, high in zip(EDGES_HZ, EDGES_HZ[1:])]
BANDS = [slice(band[0], band[-1] + 1) for band in BANDS]
HANN = {length: (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(PRECISION) for length in (SAMPLES, SAMPLES - 1)}


def quantiles(ordered, wanted):
    place = np.array(wanted) * (ordered.shape[-1] - 1)
    below = np.floor(place).astype(int)
    share = (place - below).astype(PRECISION)
    return np.moveaxis(ordered[..., below] * (1 - share) + ordered[..., below + 1] * share, -1, 0)


def autoregression(centred):
    """Burg's method, order 4."""
    forward, backward = centred, centred
    a = [np.ones(centred.shape[:-1], PRECISION)]
    for order in range(1, 5):
        ahead, behind = forward[..., 1:], backward[..., :-1]
        energy = np.einsum("...t,...t", ahead, ahead) + np.einsum("...t,...t", behind, behind)
        k = -2 * np.einsum("...t,...t", ahead, behind) / np.maximum(energy, 1e-30)
        previous = [*a, np.zeros_like(k)]
        a = [previous[i] + k * previous[order - i] for i in range(order + 1)]
        forward, backward = ahead + k[..., None] * behind, behind + k[..., None] * ahead
    return a[1:]


def autocorrelation(centred):
    length = centred.shape[-1]
    last = length // 2
    spectrum = rfft(centred, 256)
    lags = irfft(spectrum.real**2 + spectrum.imag**2, 256)
    first = max(2, length // 16)
    seen = lags[..., first : last + 1] / np.maximum(lags[..., :1], 1e-30)
    return [seen.max(-1), (seen.argmax(-1) + first) / PRECISION(length), seen.min(-1)]


def spectrum(centred):
    bins = rfft(centred * HANN[centred.shape[-1]], SAMPLES)[..., 1:]
    power = (bins.real**2 + bins.imag**2) / centred.shape[-1]
    total = np.maximum(power.sum(-1), 1e-30)
    share = power / total[..., None]
    centroid = share @ HERTZ
    distance = HERTZ - centroid[..., None]
    weighted = share * distance * distance
    variance = weighted.sum(-1)
    weighted *= distance
    third = weighted.sum(-1)
    weighted *= distance
    spread = np.sqrt(variance)
    highest = np.partition(power, -2, axis=-1)[..., -2:]
    return [
        np.log(highest[..., 1] + FLOOR), HERTZ[power.argmax(-1)], centroid, spread, third / (variance * spread),
        np.minimum(60, weighted.sum(-1) / (variance * variance)), -(share * np.log(share + PRECISION(1e-30))).sum(-1),
        highest[..., 1] / total, highest[..., 0] / total, *(np.log(power[..., band].sum(-1) + FLOOR) for band in BANDS),
    ]


def describe(x, frequencies):
    """x: windows x signals x samples. The 30 values of the time domain, and the 18 of the frequency domain."""
    length = x.shape[-1]
    mean = x.mean(-1)
    centred = x - mean[..., None]
    squares = centred * centred
    variance = squares.mean(-1)
    sd = np.sqrt(variance)
    ordered = np.sort(x, axis=-1)
    least, most = ordered[..., 0], ordered[..., -1]
    q = quantiles(ordered, [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])
    mad = quantiles(np.sort(np.abs(x - q[3][..., None]), axis=-1), [0.5])[0]
    iqr = q[4] - q[2]
    difference = np.abs(np.diff(x, axis=-1)).mean(-1)
    crossings = np.diff(centred >= 0, axis=-1).sum(-1) / PRECISION(length - 1)
    bins = np.minimum(((x - least[..., None]) * (16 / (most - least))[..., None]).astype(np.int32), 15).reshape(-1, length)
    counts = np.bincount((bins + np.arange(len(bins), dtype=np.int32)[:, None] * 16).ravel(), minlength=16 * len(bins)).reshape(*mean.shape, 16)
    share = counts.astype(PRECISION) / length
    entropy = -(share * np.log(np.maximum(share, 1e-30))).sum(-1)
    columns = [
        mean, sd, least, most, mad, iqr, *q, (squares * centred).mean(-1) / (variance * sd),
        np.minimum(30, (squares * squares).mean(-1) / (variance * variance)), difference, crossings, entropy,
        *(np.log(value + FLOOR) for value in (sd, (x * x).mean(-1), iqr, mad, difference)),
        *autoregression(centred), *autocorrelation(centred),
    ]
    if frequencies:
        columns += spectrum(centred)
    return np.stack(columns, -1).reshape(len(x), -1)


def level(x):
    q = quantiles(np.sort(x, axis=-1), [0.05, 0.5, 0.95])
    return np.stack([x.mean(-1), x.min(-1), x.max(-1), x.std(-1), *q], -1).reshape(len(x), -1)


def norm(x, axis):
    return np.sqrt((x * x).sum(axis))


def angle(left, right):
    return np.arccos(np.clip((left * right).sum(-1) / (norm(left, -1) * norm(right, -1)), -1, 1))


def standardise(x):
    centred = x - x.mean(-1, keepdims=True)
    return centred / norm(centred, -1)[..., None]


def features(total, body, gyro):
    """Each windows x 3 x samples."""
    gravity = total - body
    mean = gravity.mean(-1)
    up = mean / norm(mean, -1)[:, None]
    triplets = [body, gyro, np.diff(body, axis=-1) * RATE_HZ, np.diff(gyro, axis=-1) * RATE_HZ]
    parts = []
    for triplet in triplets:
        vertical = np.einsum("wct,wc->wt", triplet, up)
        horizontal = norm(triplet - up[..., None] * vertical[:, None], 1)
        parts.append(describe(np.concatenate([triplet, norm(triplet, 1)[:, None], vertical[:, None], horizontal[:, None]], 1), True))
    standards = [standardise(triplet) for triplet in triplets]
    for triplet, standard in zip(triplets, standards):
        x, y, z = np.moveaxis(standard, 1, 0)
        sma = np.log(np.abs(triplet).sum(1).mean(-1) + FLOOR)
        parts.append(np.stack([(x * y).sum(-1), (x * z).sum(-1), (y * z).sum(-1), sma], -1))
    parts.append(level(np.concatenate([total, norm(total, 1)[:, None]], 1)))
    parts.append(describe(np.concatenate([gravity, norm(gravity, 1)[:, None]], 1), False))
    x, y, z = up.T
    drift = angle(gravity[..., 0], gravity[..., -1])
    parts.append(
        np.stack(
            [*np.arccos(np.clip(up.T, -1, 1)), np.arctan2(-x, np.sqrt(y * y + z * z)), np.arctan2(y, z), drift, np.log(drift + FLOOR), x * y, x * z, y * z,
             *(angle(up, triplet.mean(-1)) for triplet in triplets)],
            -1,
        )
    )
    parts.append(np.einsum("wat,wbt->wab", standards[0], standards[1]).reshape(len(total), 9))
    return np.concatenate(parts, 1)


signals_path, starts_path, names, runs, table_path = sys.argv[1:6]
names = names.split(",")
signals = np.fromfile(signals_path, np.float32).reshape(len(names), -1).astype(PRECISION)
starts = np.fromfile(starts_path, np.int32)
triplets_of_signals = [signals[[names.index(f"{triplet}_{axis}") for axis in "xyz"]] for triplet in ("total", "body", "gyro")]
offsets = np.arange(SAMPLES)
seconds = []
with np.errstate(divide="ignore", invalid="ignore"):
    for _ in range(int(runs)):
        begun = time.process_time()
        table = None
        for at in range(0, len(starts), AT_ONCE):
            places = starts[at : at + AT_ONCE, None] + offsets
            chunk = features(*(np.ascontiguousarray(triplet[:, places].transpose(1, 0, 2)) for triplet in triplets_of_signals))
            if table is None:
                table = np.empty((len(starts), chunk.shape[1]), PRECISION)
            table[at : at + len(chunk)] = chunk
        seconds.append(time.process_time() - begun)

table.astype(np.float32).tofile(table_path)
print(json.dumps({"seconds": seconds, "windows": len(starts), "features": table.shape[1], "numpy": np.__version__, "scipy": scipy.__version__}))
