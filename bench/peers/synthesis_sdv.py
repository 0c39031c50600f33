"""SDV's Gaussian copula: fits a CSV of numbers and samples as many rows as asked for.

usage: synthesis_sdv.py CSV ROWS
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
from sdv.metadata import Metadata
from sdv.single_table import GaussianCopulaSynthesizer

warnings.simplefilter("ignore")
path, rows = sys.argv[1], int(sys.argv[2])
data = pd.read_csv(path)
columns = {name: {"sdtype": "numerical"} for name in data.columns}
metadata = Metadata.load_from_dict({"tables": {"rows": {"columns": columns}}, "relationships": []})

begun = time.perf_counter()
model = GaussianCopulaSynthesizer(metadata)
model.fit({"rows": data})
fitted = time.perf_counter()
made = model.sample(rows)
ended = time.perf_counter()
table = made["rows"] if isinstance(made, dict) else made

worst = float(np.abs(table.corr().to_numpy() - data.corr().to_numpy()).max())
distance = max(
    float(np.abs(np.searchsorted(np.sort(data[name]), grid, "right") / len(data) - np.searchsorted(np.sort(table[name]), grid, "right") / len(table)).max())
    for name in data.columns
    for grid in [np.quantile(data[name], np.linspace(0, 1, 101))]
)
print(json.dumps({"fitSeconds": fitted - begun, "seconds": ended - fitted, "rows": len(table), "worstCorrelation": worst, "distance": distance}))
