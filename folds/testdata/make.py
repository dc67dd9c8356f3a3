#!/usr/bin/env python3
"""Makes folds.json: what scikit-learn assigns, for fold_test.go.

    python3 folds/testdata/make.py > folds/testdata/folds.json

Needs scikit-learn 1.2.1 and NumPy below 1.25 (later ones sort ties otherwise).
Every case holds the fold that validates each row; "error" where scikit-learn
refuses, "warns" where it warns.
"""
import json
import sys
import warnings

import numpy as np
import sklearn
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

assert sklearn.__version__ == "1.2.1", sklearn.__version__
rng = np.random.RandomState(20240611)
cases = []


def add(name, scheme, splitter, n, k, values=None):
    case = {"name": name, "scheme": scheme, "n": n, "k": k}
    y = None
    if values is not None:
        values = list(values)
        y = np.array(values)
        # What our callers hand over: strings numbered in sorted order, integers as they are.
        if y.dtype.kind == "U":
            order = sorted(set(values), key=lambda s: s.encode())
            case["strings"] = values
            values = [order.index(v) for v in values]
        case["values"] = [int(v) for v in values]
    X = np.zeros((n, 1))
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fold = np.full(n, -1)
            for i, (_, validation) in enumerate(splitter.split(X, y, groups=y)):
                assert (fold[validation] == -1).all()
                fold[validation] = i
        case["folds"] = fold.tolist()
        case["warns"] = bool(caught)
    except ValueError as e:
        case["error"] = str(e)
    cases.append(case)


for n, k in [(10, 5), (10, 3), (11, 4), (7, 3), (100, 7), (4, 2), (23, 5), (3, 4)]:
    add(f"{n} rows in {k}", "kfold", KFold(k), n, k)


def stratified(name, labels, k):
    add(name, "stratified", StratifiedKFold(k), len(labels), k, labels)


stratified("two classes alternating", [0, 1] * 6, 3)
stratified("sorted, not divisible", [0] * 7 + [1] * 5 + [2] * 4, 3)
stratified("late class, larger number first", [3] * 6 + [1] * 5 + [2] * 7 + [0] * 4, 4)
stratified("late class of few rows", [5, 5, 5, 5, 5, 5, 2, 2, 2, 2, 9, 9], 2)
stratified("negative and far labels", [-7, 1000000, -7, 4, 4, 1000000, -7, 4, 1000000, -7], 3)
stratified("strings, last in the alphabet first", list("zzyzaayazzyaayz"), 3)
stratified("strings of iris", ["virginica", "setosa", "versicolor", "setosa", "virginica"] * 5, 5)
stratified("strings beyond ASCII", ["é", "Z", "a", "é", "Z", "é", "a", "a", "Z", "ü", "ü", "ü"], 3)
stratified("one class rarer than folds", [0] * 9 + [1] * 2, 3)
stratified("several classes rarer than folds", [4, 0, 0, 1, 0, 0, 2, 0, 0, 1, 0, 3, 0, 2], 4)
stratified("every class rarer than folds", [0, 1, 2, 0, 1, 2], 3)
stratified("one class only", [1] * 11, 4)
stratified("more folds than rows", [0, 0, 0], 4)
for i in range(12):
    n = int(rng.randint(12, 120))
    classes = int(rng.randint(2, 9))
    k = int(rng.randint(2, 6))
    weights = rng.dirichlet(np.ones(classes) * 0.7)
    stratified(f"random {i}", rng.choice(classes, size=n, p=weights), k)


def grouped(name, groups, k):
    add(name, "grouped", GroupKFold(k), len(groups), k, groups)


grouped("equal sizes", [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5], 3)
grouped("one giant", [7] * 30 + [1, 2, 3, 4, 5, 6] * 2, 4)
grouped("ties in pairs", [1, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 6], 2)
grouped("strings, last in the alphabet first", ["p9", "p1", "p9", "p10", "p1", "p2", "p2", "p10", "p3", "p9"], 3)
grouped("more folds than groups", [0, 0, 1, 1, 1], 3)
grouped("forty of one size", list(range(40)) * 3, 4)
grouped("two hundred with ties", rng.randint(0, 200, size=700), 7)
for i in range(10):
    n = int(rng.randint(30, 400))
    count = int(rng.randint(6, 90))
    groups = rng.choice(count, size=n, p=rng.dirichlet(np.ones(count)))
    groups = groups * 37 - 500  # numbers with gaps and below zero
    grouped(f"random {i}", groups, int(rng.randint(2, 6)))

# The order of ties by itself, over lengths around NumPy's limits, and over inputs that make its
# quicksort run too deep: each next pivot is made the smallest (McIlroy's adversary, by replay).
sorts = []
for n in [1, 2, 15, 16, 17, 18, 19, 33, 34, 100, 257, 700]:
    for values in (rng.randint(0, 3, size=n), rng.randint(0, n, size=n), np.zeros(n, int), np.arange(n)[::-1] // 4):
        sorts.append({"values": values.tolist(), "order": np.argsort(values).tolist()})


def killer(n):
    """A median-of-three killer for this partition, found by McIlroy's method."""
    gas = n
    v = [gas] * n
    solid, candidate = 0, 0

    def less(a, b):
        nonlocal solid, candidate
        if v[a] == gas and v[b] == gas:
            if a == candidate:
                v[a] = solid
            else:
                v[b] = solid
            solid += 1
        if v[a] == gas:
            candidate = a
        elif v[b] == gas:
            candidate = b
        return v[a] < v[b]

    order = list(range(n))

    def sort(lo, hi):
        while hi - lo > 15:
            mid = lo + ((hi - lo) >> 1)
            for a, b in ((lo, mid), (mid, hi), (lo, mid)):
                if less(order[b], order[a]):
                    order[a], order[b] = order[b], order[a]
            order[mid], order[hi - 1] = order[hi - 1], order[mid]
            pivot = order[hi - 1]
            i, j = lo, hi - 1
            while True:
                i += 1
                while less(order[i], pivot):
                    i += 1
                j -= 1
                while less(pivot, order[j]):
                    j -= 1
                if i >= j:
                    break
                order[i], order[j] = order[j], order[i]
            order[i], order[hi - 1] = order[hi - 1], order[i]
            if i - lo < hi - i:
                sort(lo, i - 1)
                lo = i + 1
            else:
                sort(i + 1, hi)
                hi = i - 1

    sys.setrecursionlimit(10000)
    sort(0, n - 1)
    return v


for n in (200, 600, 1500):
    values = np.array(killer(n)) // 3  # thirds: ties
    sorts.append({"values": values.tolist(), "order": np.argsort(values).tolist()})
    values = np.array(killer(n))
    sorts.append({"values": values.tolist(), "order": np.argsort(values).tolist()})

print('{"versions": "scikit-learn %s, NumPy %s",' % (sklearn.__version__, np.__version__))
print('"cases": [')
print(",\n".join(json.dumps(c, ensure_ascii=False) for c in cases))
print('],\n"sorts": [')
print(",\n".join(json.dumps(s, separators=(",", ":")) for s in sorts))
print("]}")
