"""UCI HAR as a good script does it: windows of the raw signals, 207 features in NumPy, logistic regression.

Argument: hapt_raw.zip. Windows of 128 samples, half overlapping, inside the labels 1 to 6; the official test subjects.
Prints one line of JSON.
"""

import io
import json
import re
import sys
import time
import zipfile

begun = time.perf_counter()

import numpy as np
from scipy.stats import kurtosis, skew
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TEST = {2, 4, 9, 10, 12, 13, 18, 20, 24}
LENGTH, STEP = 128, 64


def numbers(archive, name):
    return np.loadtxt(io.BytesIO(archive.read(name)))


with zipfile.ZipFile(sys.argv[1]) as archive:
    names = {re.sub(r".*/", "", name): name for name in archive.namelist()}
    labels = numbers(archive, names["labels.txt"]).astype(int)
    recordings = {}
    for name in names:
        found = re.fullmatch(r"acc_exp0*(\d+)_user0*(\d+)\.txt", name)
        if found:
            pair = [numbers(archive, names[name]), numbers(archive, names[name.replace("acc_", "gyro_")])]
            recordings[int(found[1]), int(found[2])] = np.hstack(pair)

windows, classes, subjects = [], [], []
for experiment, user, activity, start, end in labels:
    if activity > 6:
        continue
    signal = recordings[experiment, user]
    for at in range(start - 1, end - LENGTH + 1, STEP):
        windows.append(signal[at : at + LENGTH].T)
        classes.append(activity)
        subjects.append(user)
x = np.stack(windows)
y, subjects = np.array(classes), np.array(subjects)

accelerations, turns = x[:, :3], x[:, 3:]
size = np.linalg.norm(accelerations, axis=1, keepdims=True)
turn = np.linalg.norm(turns, axis=1, keepdims=True)
jerk = np.linalg.norm(np.diff(accelerations, axis=2, append=accelerations[:, :, -1:]), axis=1, keepdims=True) * 50
signals = np.concatenate([x, size, turn, jerk], axis=1)

# 23 figures of each of nine signals: six axes, two magnitudes, the jerk's magnitude.
mean = signals.mean(2)
centred = signals - mean[:, :, None]
sd = centred.std(2)
quantiles = np.quantile(signals, [0.05, 0.25, 0.5, 0.75, 0.95], axis=2)
power = np.abs(np.fft.rfft(centred, axis=2)[:, :, 1:]) ** 2 / LENGTH
share = power / np.maximum(power.sum(2, keepdims=True), 1e-12)
hertz = np.fft.rfftfreq(LENGTH, 0.02)[1:]
columns = [
    mean,
    sd,
    signals.min(2),
    signals.max(2),
    *quantiles,
    skew(signals, axis=2),
    kurtosis(signals, axis=2),
    np.abs(np.diff(signals, axis=2)).mean(2),
    (np.diff(centred >= 0, axis=2)).mean(2),
    np.log(power.sum(2) + 1e-8),
    hertz[power.argmax(2)],
    (share * hertz).sum(2),
    -(share * np.log(share + 1e-12)).sum(2),
    *[np.log(band.sum(2) + 1e-8) for band in np.split(power, [2, 4, 8, 16, 32], axis=2)],
]
features = np.nan_to_num(np.concatenate(columns, axis=1))
test = np.isin(subjects, list(TEST))
model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500, C=0.1)).fit(features[~test], y[~test])
predicted = model.predict(features[test])
print(
    json.dumps(
        {
            "accuracy": accuracy_score(y[test], predicted),
            "macroF1": f1_score(y[test], predicted, average="macro"),
            "features": features.shape[1],
            "windows": [int((~test).sum()), int(test.sum())],
            "seconds": time.perf_counter() - begun,
        }
    )
)
