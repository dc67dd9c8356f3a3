"""Scores of scikit-learn for metrics_test.go: python3 scores.py > scores.json"""
import json
import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support as prf

cases = {
    "all right": ([0, 1, 2, 2], [0, 1, 2, 2], 3),
    "a class never predicted": ([0, 1, 2, 2, 1], [0, 1, 1, 0, 1], 3),
    "a class without rows": ([0, 1, 1, 0], [0, 1, 2, 2], 3),
    "a class neither": ([0, 3, 3, 0], [0, 3, 0, 0], 4),
    "all wrong": ([0, 0, 1], [1, 1, 0], 2),
}
rng = np.random.default_rng(1)
y = rng.integers(0, 12, 500)
cases["many"] = (y.tolist(), np.where(rng.random(500) < 0.6, y, rng.integers(0, 12, 500)).tolist(), 12)
out = []
for name, (truth, predicted, k) in cases.items():
    labels = list(range(k))
    p, r, f, s = prf(truth, predicted, labels=labels, zero_division=0)
    out.append({
        "name": name, "truth": truth, "predicted": predicted, "classes": k, "accuracy": accuracy_score(truth, predicted),
        "precision": p.tolist(), "recall": r.tolist(), "f1": f.tolist(), "support": [int(n) for n in s],
        "macro": [p.mean(), r.mean(), f.mean()], "confusion": confusion_matrix(truth, predicted, labels=labels).ravel().tolist(),
    })
print(json.dumps(out, separators=(",", ":")))
