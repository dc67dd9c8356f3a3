"""Writes parameter_grid.json: points of scikit-learn's ParameterGrid, in order.

Run: python3 parameter_grid.py > parameter_grid.json
"""

import json

import sklearn
from sklearn.model_selection import ParameterGrid

GRIDS = {
    "one axis": {"epochs": [10, 20, 5]},
    "no axis": {},
    "names out of order": {
        "optimizer": ["sgd", "adam"],
        "batch_size": [64, 128],
        "Zeta": [1.5, 0.5],
        "dropout": [0.5, 0.2, 0.1],
        "_a": [True, False],
        "lr10": [1],
        "lr9": [2, 1],
    },
    "a union": [
        {"optimizer": ["adam"], "epochs": [1, 2]},
        {"momentum": [0.0, 0.9], "optimizer": ["sgd"], "epochs": [2, 1]},
        {},
    ],
    "mlp-grid-1": {
        "batch_size": [64, 128],
        "dropout": [0.2, 0.5],
        "epochs": [10, 20],
        "hidden_units": [64, 128],
        "optimizer": ["adam", "sgd"],
    },
}


def literal(value):
    """A value as TOML, which for these is as JSON."""
    return json.dumps(value)


def sweep(grid):
    """The grid as [grid], or as [[grid]] … [[grid]]."""
    tables = [("[grid]", grid)] if isinstance(grid, dict) else [("[[grid]]", g) for g in grid]
    lines = []
    for header, axes in tables:
        lines += [header] + [f"{name} = {literal(values)}" for name, values in axes.items()]
    return "\n".join(lines) + "\n"


print(json.dumps({
    "scikit-learn": sklearn.__version__,
    "grids": [
        {"name": name, "toml": sweep(grid), "points": list(ParameterGrid(grid))}
        for name, grid in GRIDS.items()
    ],
}, indent=1))
