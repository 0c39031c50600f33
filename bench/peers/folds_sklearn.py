"""The same windows, features and folds as a good script would learn from them: scikit-learn's random forest.

Arguments: table of features (float32, row by row), labels (int32), folds (int32), number of features, trees.
Each fold is answered by a forest of the others. Prints one line of JSON.
"""

import json
import sys

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score

table, labels, folds = (np.fromfile(path, dtype) for path, dtype in zip(sys.argv[1:4], ("<f4", "<i4", "<i4")))
table = table.reshape(len(labels), int(sys.argv[4]))
answers = np.full(len(labels), -1)
for fold in np.unique(folds):
    held_out = folds == fold
    forest = RandomForestClassifier(int(sys.argv[5]), random_state=1, n_jobs=-1)
    forest.fit(table[~held_out], labels[~held_out])
    answers[held_out] = forest.predict(table[held_out])
print(json.dumps({"accuracy": accuracy_score(labels, answers), "macroF1": f1_score(labels, answers, average="macro")}))
