"""The work that `race` compares with, done in PyTorch and scikit-learn the way a careful user would.

usage: peers.py have                          which libraries are here, a line each
       peers.py torch-mlp BATCH               seconds of one epoch of 784-128-64-10 (dropout, Adam), 60,000 rows, one thread
       peers.py sklearn-mlp BATCH             the same in MLPClassifier, which has no dropout
       peers.py torch-cnn NAME BATCH          seconds of one training step of cnn-1 ... cnn-4, one thread, the better memory format
       peers.py torch-grid ROWS EPOCHS        the 32 points of mlp-grid-1 under 3 folds, two processes of one thread
       peers.py sklearn-grid ROWS EPOCHS      its 16 points without dropout, GridSearchCV, n_jobs=2

The last line printed is the figure, in seconds. The data are read from the folder in FASHION_MNIST.
"""
import gzip
import importlib
import itertools
import os
import sys
import time
import warnings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
warnings.filterwarnings("ignore")
os.environ["PYTHONWARNINGS"] = "ignore"


def load():
    """Training images as float32 in [0, 1], n x 784, and labels as int64."""
    import numpy as np

    def idx(name, offset):
        with gzip.open(os.path.join(os.environ["FASHION_MNIST"], name)) as f:
            return np.frombuffer(f.read(), np.uint8, offset=offset)

    x = idx("train-images-idx3-ubyte.gz", 16).reshape(-1, 784).astype("float32") / 255
    return x, idx("train-labels-idx1-ubyte.gz", 8).astype("int64")


def have():
    for name in ("torch", "sklearn"):
        try:
            print(name, importlib.import_module(name).__version__)
        except ImportError:
            pass


def torch_mlp(batch):
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(0)
    x, y = map(torch.from_numpy, load())
    net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Dropout(.2), nn.Linear(128, 64), nn.ReLU(), nn.Dropout(.2), nn.Linear(64, 10))
    optimizer, loss = torch.optim.Adam(net.parameters()), nn.CrossEntropyLoss()

    def epoch():
        order = torch.randperm(len(x))
        for i in range(0, len(order), batch):
            j = order[i:i + batch]
            optimizer.zero_grad(set_to_none=True)
            loss(net(x[j]), y[j]).backward()
            optimizer.step()

    return median(epoch, 3)


def sklearn_mlp(batch):
    from sklearn.neural_network import MLPClassifier

    x, y = load()
    net = MLPClassifier((128, 64), batch_size=batch, alpha=0, random_state=0)
    net.partial_fit(x[:batch], y[:batch], classes=range(10))
    return median(lambda: net.partial_fit(x, y), 3)


def torch_cnn(name, batch):
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(0)

    def conv(i, o):
        return [nn.Conv2d(i, o, 3, padding=1), nn.ReLU()]

    pool, drop = lambda: nn.MaxPool2d(2), lambda rate=.25: nn.Dropout(rate)

    def head(inputs, hidden, rate=.25):
        return [nn.Flatten(), nn.BatchNorm1d(inputs), nn.Linear(inputs, hidden), nn.ReLU(), drop(rate), nn.Linear(hidden, 10)]

    layers = {
        "cnn-1": lambda: [*conv(1, 64), pool(), *conv(64, 32), pool(), nn.Flatten(), nn.Linear(1568, 64), nn.ReLU(), nn.Linear(64, 10)],
        "cnn-2": lambda: [*conv(1, 32), pool(), *conv(32, 64), pool(), drop(), nn.BatchNorm2d(64), *conv(64, 128), *conv(128, 128), pool(), drop(),
                          *head(1152, 512, .5)],
        "cnn-3": lambda: [*conv(1, 32), pool(), drop(), *conv(32, 64), pool(), drop(), *conv(64, 128), pool(), drop(), *head(1152, 128)],
        "cnn-4": lambda: [*conv(1, 32), pool(), drop(), *conv(32, 32), pool(), drop(), *conv(32, 64), pool(), drop(), *conv(64, 128), pool(), drop(),
                          *head(128, 128)],
    }[name]

    def step_time(form):
        net = nn.Sequential(*layers()).to(memory_format=form)
        optimizer, loss = torch.optim.Adam(net.parameters()), nn.CrossEntropyLoss()
        x, y = torch.rand(batch, 1, 28, 28).contiguous(memory_format=form), torch.randint(0, 10, (batch,))

        def step():
            optimizer.zero_grad(set_to_none=True)
            loss(net(x), y).backward()
            optimizer.step()

        for _ in range(3):
            step()
        return median(step, 9)

    return min(step_time(torch.channels_last), step_time(torch.contiguous_format))


GRID = dict(batch_size=[64, 128], dropout=[.2, .5], hidden_units=[64, 128], optimizer=["adam", "sgd"])


def torch_grid(rows, epochs):
    # Not multiprocessing.Pool, which starts a worker that crashes again and again, for ever.
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    grid = dict(sorted({**GRID, "epochs": epochs}.items()))
    points = [dict(zip(grid, values)) for values in itertools.product(*grid.values())]
    with ProcessPoolExecutor(2, get_context("spawn"), torch_start, (rows,)) as pool:
        scores = list(pool.map(torch_fit, [(p, f) for p in points for f in range(3)]))
    means = [sum(scores[3 * i:3 * i + 3]) / 3 for i in range(len(points))]
    best = max(range(len(points)), key=means.__getitem__)
    print(f"{len(scores)} fits; best {means[best]:.4f} {points[best]}")


def stratified(y, k):
    """Rows to train and to validate on, for each fold: those of scikit-learn's StratifiedKFold, without it."""
    import numpy as np

    names, first, label = np.unique(y, return_index=True, return_inverse=True)
    label = np.argsort(np.argsort(first))[label]  # classes in the order in which they appear
    dealt = np.sort(label)
    fold = np.empty(len(y), int)
    for c in range(len(names)):
        fold[label == c] = np.repeat(np.arange(k), [np.sum(dealt[f::k] == c) for f in range(k)])
    return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(k)]


def torch_start(rows):
    global torch, rows_x, rows_y, folds
    import torch

    torch.set_num_threads(1)
    x, y = load()
    folds = stratified(y[:rows], 3)
    rows_x, rows_y = torch.from_numpy(x[:rows]), torch.from_numpy(y[:rows])


def torch_fit(job):
    point, fold = job
    nn = torch.nn
    train, validation = map(torch.from_numpy, folds[fold])
    torch.manual_seed(0)
    hidden, rate, batch = point["hidden_units"], point["dropout"], point["batch_size"]
    net = nn.Sequential(nn.Linear(784, hidden), nn.ReLU(), nn.Dropout(rate), nn.Linear(hidden, 64), nn.ReLU(), nn.Dropout(rate), nn.Linear(64, 10))
    optimizer = torch.optim.Adam(net.parameters()) if point["optimizer"] == "adam" else torch.optim.SGD(net.parameters(), lr=.01)
    loss = nn.CrossEntropyLoss()
    for _ in range(point["epochs"]):
        order = train[torch.randperm(len(train))]
        for i in range(0, len(order), batch):
            j = order[i:i + batch]
            optimizer.zero_grad(set_to_none=True)
            loss(net(rows_x[j]), rows_y[j]).backward()
            optimizer.step()
    net.eval()
    with torch.no_grad():
        return (net(rows_x[validation]).argmax(1) == rows_y[validation]).float().mean().item()


def sklearn_grid(rows, epochs):
    from sklearn.model_selection import GridSearchCV
    from sklearn.neural_network import MLPClassifier

    x, y = load()
    grid = dict(batch_size=[64, 128], hidden_layer_sizes=[(64, 64), (128, 64)], solver=["adam", "sgd"], max_iter=epochs)
    net = MLPClassifier(tol=0, n_iter_no_change=10**6, alpha=0, random_state=0, learning_rate_init=.001)
    search = GridSearchCV(net, grid, cv=3, n_jobs=2, refit=False).fit(x[:rows], y[:rows])
    print(f"{len(search.cv_results_['params']) * 3} fits; best {search.best_score_:.4f} {search.best_params_}")


def median(work, times):
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return sorted(seconds)[times // 2]


if __name__ == "__main__":
    begin = time.perf_counter()
    what, *rest = sys.argv[1:] or ["help"]
    numbers = [[int(e) for e in a.split(",")] if "," in a else int(a) if a.isdigit() else a for a in rest]
    work = {"have": have, "torch-mlp": torch_mlp, "sklearn-mlp": sklearn_mlp, "torch-cnn": torch_cnn, "torch-grid": torch_grid,
            "sklearn-grid": sklearn_grid}.get(what)
    if work is None:
        sys.exit(__doc__)
    if what.endswith("-grid") and isinstance(numbers[1], int):
        numbers[1] = [numbers[1]]
    figure = work(*numbers)
    if what != "have":
        print(time.perf_counter() - begin if figure is None else figure)
