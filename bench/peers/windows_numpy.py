"""Windows and 207 features (9 signals x 23) as a good NumPy/SciPy script computes them: vectorised over all windows.

Arguments: a file of float32 signals, channel after channel; one of int32 beginnings of windows; channels; samples a
window; how often to run. Prints one line of JSON with the seconds of each run, reading left out.
"""

import json
import sys
import time

import numpy as np
import scipy
import scipy.fft

signals_path, starts_path, channels, samples, runs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
signals = np.fromfile(signals_path, np.float32).reshape(channels, -1)
starts = np.fromfile(starts_path, np.int32)
EDGES_HZ = (0, 0.8, 2.4, 4.8, 9.6, 25)
RATE_HZ = 50
# As many windows at once as fit into the processor's cache: twice as fast as all of them at once.
AT_ONCE = 256


def features(x):
    """x: windows x channels x samples -> windows x (channels * 23), float32 throughout."""
    mean = x.mean(-1)
    centred = x - mean[..., None]
    squares = centred * centred
    variance = squares.mean(-1)
    sd = np.sqrt(variance)
    ordered = np.sort(x, axis=-1)
    place = np.array([0.05, 0.25, 0.5, 0.75, 0.95]) * (samples - 1)
    below = np.floor(place).astype(int)
    share = (place - below).astype(np.float32)
    q05, q25, q50, q75, q95 = np.moveaxis(ordered[..., below] * (1 - share) + ordered[..., below + 1] * share, -1, 0)
    mad = np.median(np.abs(x - q50[..., None]), axis=-1)
    safe = np.maximum(sd, 1e-12)
    skew = (squares * centred).mean(-1) / safe**3
    kurtosis = (squares * squares).mean(-1) / safe**4
    difference = np.abs(np.diff(x, axis=-1)).mean(-1)
    crossings = (np.diff(centred >= 0, axis=-1)).mean(-1)
    power = np.abs(scipy.fft.rfft(centred * HANN, axis=-1)[..., 1:]) ** 2 / samples
    total = power.sum(-1) + np.float32(1e-12)
    shares = power / total[..., None]
    centroid = shares @ HERTZ
    entropy = -(shares * np.log(shares + np.float32(1e-12))).sum(-1)
    peak = HERTZ[power.argmax(-1)]
    bands = [np.log(power[..., band].sum(-1) + np.float32(1e-8)) for band in BANDS]
    columns = [mean, sd, ordered[..., 0], ordered[..., -1], mad, q75 - q25, q05, q25, q50, q75, q95, skew, kurtosis, difference, crossings,
               centroid, entropy, peak]
    return np.stack([*columns, *bands], axis=-1).reshape(len(x), -1)


HANN = np.hanning(samples + 1)[:-1].astype(np.float32)
HERTZ = (np.arange(1, samples // 2 + 1) * (RATE_HZ / samples)).astype(np.float32)
BANDS = [(low <= HERTZ) & ((HERTZ < high) | (high == RATE_HZ / 2)) for low, high in zip(EDGES_HZ, EDGES_HZ[1:])]
offsets = np.arange(samples)

seconds = []
for _ in range(runs):
    begun = time.perf_counter()
    table = np.empty((len(starts), channels * 23), np.float32)
    for at in range(0, len(starts), AT_ONCE):
        chunk = starts[at : at + AT_ONCE]
        windows = np.ascontiguousarray(signals[:, chunk[:, None] + offsets].transpose(1, 0, 2))
        table[at : at + len(chunk)] = features(windows)
    seconds.append(time.perf_counter() - begun)

assert np.isfinite(table).all()
print(json.dumps({"seconds": seconds, "windows": len(starts), "features": table.shape[1], "numpy": np.__version__, "scipy": scipy.__version__}))
