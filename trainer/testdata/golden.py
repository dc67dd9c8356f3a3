"""Golden training trajectories, for golden_test.go: python3 golden.py (in this folder).

PyTorch gives the gradients, in float64 from a state rounded to float32 after every step; the layers'
and optimizers' formulas are Keras 2's, written out here, since PyTorch has habits of its own (Adam's and
RMSprop's epsilon, the unbiased variance of BatchNorm1d). No dropout, batches in order.

Small nets: one JSON file with the state at every step. Of larger ones without kinks initial weights and
pixels come from a generator that both sides have (lcg), and for each step the file has the loss and by
variable the norm and a projection of gradient and update. The reported nets take single steps, each from a
state that is a function of its number (stepped): those of a training would be 70 MB a net.

python3 golden.py along NAME trains a reported net for 50 steps and writes to its output, for each step, the loss
and the state before it, the gradient and the update: TestAlongTorch reads them as they come (go test ./trainer
-run AlongTorch -args -torch python3).
"""
import base64, json, math, sys
import numpy as np, torch
import torch.nn.functional as F

torch.set_num_threads(1)


def lcg_states(n, state):
    """The n states after a state of a linear congruential generator modulo 2^32: a^k·s + c·(1 + a + … + a^(k−1))."""
    powers = np.cumprod(np.full(n, 1664525, np.uint32), dtype=np.uint32)
    sums = np.cumsum(np.concatenate([[1], powers[:-1]]).astype(np.uint32), dtype=np.uint32)
    return powers * np.uint32(state) + np.uint32(1013904223) * sums


def lcg(n, state):
    """n numbers in [0, 1), of the top 24 bits."""
    return (lcg_states(n, state) >> 8) / (1 << 24)


# Models: layers as in a sweep file. forward returns logits.

ACT = {
    "linear": lambda x: x, "relu": F.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "elu": F.elu, "gelu": F.gelu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.3), "softmax": lambda x: x,
}


def pair(v, default):
    v = v if v is not None else default
    return tuple(v) if isinstance(v, (list, tuple)) else (v, v)


def same_pad(n, k, s):
    """TensorFlow's padding: the odd pixel goes to the end."""
    total = max((-(-n // s) - 1) * s + k - n, 0)
    return total // 2, total - total // 2


def pad_same(x, k, s, value=0.0):
    t, b = same_pad(x.shape[2], k[0], s[0])
    l, r = same_pad(x.shape[3], k[1], s[1])
    return F.pad(x, (l, r, t, b), value=value)


class Net:
    """variables: name → array, in the order of the layers; moving statistics apart."""

    def __init__(self, layers, shape, classes):
        self.layers, self.classes = layers, classes
        self.shapes, self.moving = {}, {}
        self.declare(layers, list(shape), "layers")

    def declare(self, layers, shape, path):
        for i, l in enumerate(layers):
            p, t = f"{path}.{i}", l["type"]
            if t == "dense":
                units = self.classes if l["units"] == "$classes" else l["units"]
                self.shapes[p + ".kernel"] = (int(np.prod(shape)), units)
                if l.get("use_bias", True):
                    self.shapes[p + ".bias"] = (units,)
                shape = [units]
            elif t == "conv2d":
                k, s = pair(l["kernel_size"], 3), pair(l.get("strides"), 1)
                self.shapes[p + ".kernel"] = (*k, shape[2], l["filters"])
                if l.get("use_bias", True):
                    self.shapes[p + ".bias"] = (l["filters"],)
                shape = self.window(shape, k, s, l.get("padding")) + [l["filters"]]
            elif t in ("maxpool2d", "avgpool2d"):
                k = pair(l.get("pool_size"), 2)
                shape = self.window(shape, k, pair(l.get("strides"), k), l.get("padding")) + shape[2:]
            elif t == "global_avg_pool":
                shape = shape[2:]
            elif t == "flatten":
                shape = [int(np.prod(shape))]
            elif t == "batchnorm":
                self.shapes[p + ".gamma"] = self.shapes[p + ".beta"] = tuple(shape[-1:])
                self.moving[p + ".moving_mean"] = np.zeros(shape[-1])
                self.moving[p + ".moving_variance"] = np.ones(shape[-1])
            elif t == "residual":
                out = self.declare(l["layers"], shape, p + ".layers")
                if out != shape:
                    q = p + ".projection"
                    if len(out) == 3:
                        l["projection_strides"] = [-(-a // b) for a, b in zip(shape[:2], out[:2])]
                        self.shapes[q + ".kernel"] = (1, 1, shape[2], out[2])
                    else:
                        self.shapes[q + ".kernel"] = (shape[0], out[0])
                    self.shapes[q + ".bias"] = (out[-1],)
                shape = out
        return shape

    @staticmethod
    def window(shape, k, s, padding):
        if padding == "same":
            return [-(-shape[d] // s[d]) for d in range(2)]
        return [(shape[d] - k[d]) // s[d] + 1 for d in range(2)]

    def forward(self, v, x):
        if x.ndim == 4:
            x = x.permute(0, 3, 1, 2)
        self.stats = {}
        return self.chain(self.layers, v, x, "layers")

    def chain(self, layers, v, x, path):
        for i, l in enumerate(layers):
            p, t = f"{path}.{i}", l["type"]
            if t in ("dense", "flatten") and x.ndim == 4:
                x = x.permute(0, 2, 3, 1).reshape(len(x), -1)
            if t == "dense":
                x = ACT[l.get("activation", "linear")](x @ v[p + ".kernel"] + v.get(p + ".bias", 0))
            elif t == "conv2d":
                x = self.conv(v, x, p, pair(l.get("strides"), 1), l.get("padding") == "same")
                x = ACT[l.get("activation", "linear")](x)
            elif t in ("maxpool2d", "avgpool2d"):
                k = pair(l.get("pool_size"), 2)
                s = pair(l.get("strides"), k)
                same = l.get("padding") == "same"
                if t == "maxpool2d":
                    x = F.max_pool2d(pad_same(x, k, s, -math.inf) if same else x, k, s)
                else:  # Keras' average counts only what is inside the map
                    ones = torch.ones_like(x[:1, :1])
                    if same:
                        x, ones = pad_same(x, k, s), pad_same(ones, k, s)
                    x = F.avg_pool2d(x, k, s) / F.avg_pool2d(ones, k, s)
            elif t == "global_avg_pool":
                x = x.mean((2, 3))
            elif t == "batchnorm":
                x = self.batchnorm(v, x, p)
            elif t == "activation":
                x = ACT[l["activation"]](x)
            elif t == "residual":
                y = self.chain(l["layers"], v, x, p + ".layers")
                q = p + ".projection"
                if q + ".kernel" in v:
                    if x.ndim == 4:
                        x = self.conv(v, x, q, tuple(l["projection_strides"]), True)
                    else:
                        x = x @ v[q + ".kernel"] + v[q + ".bias"]
                x = ACT[l.get("activation", "linear")](x + y)
        return x

    def conv(self, v, x, p, s, same):
        w = v[p + ".kernel"].permute(3, 2, 0, 1)
        if same:
            x = pad_same(x, w.shape[2:], s)
        return F.conv2d(x, w, v.get(p + ".bias"), s)

    def batchnorm(self, v, x, p):
        axes = (0, 2, 3) if x.ndim == 4 else (0,)
        n = x.numel() / x.shape[1]
        mean, var = x.mean(axes), x.var(axes, unbiased=False)
        self.stats[p] = (mean.detach().numpy(), (var * (n / (n - 1) if x.ndim == 4 else 1)).detach().numpy())
        form = (1, -1, 1, 1) if x.ndim == 4 else (1, -1)
        y = (x - mean.view(form)) / (var.view(form) + 1e-3).sqrt()
        return y * v[p + ".gamma"].view(form) + v[p + ".beta"].view(form)


# Optimizers: (w, g, state, lr, t from 1) → new w; state is m, v by name, float32 between steps.


def rates(params, steps_per_epoch, t):
    """Learning rate of step t (from 0)."""
    lr = params.get("learning_rate", {"sgd": 0.01}.get(params["optimizer"], 0.001))
    s = params.get("schedule", "constant")
    s = {"type": s} if isinstance(s, str) else s
    total = params["epochs"] * steps_per_epoch
    if s["type"] == "one_cycle":
        o = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
        c = torch.optim.lr_scheduler.OneCycleLR(o, lr, total_steps=total, cycle_momentum=False, div_factor=25, final_div_factor=400)
        for _ in range(t):
            o.step()
            c.step()
        return o.param_groups[0]["lr"]
    warm = s.get("warmup", 0) * steps_per_epoch
    if t < warm:
        return lr * (t + 1) / warm
    u = t - warm
    if s["type"] == "cosine":
        a = s.get("final", 0)
        return lr * (a + (1 - a) * 0.5 * (1 + math.cos(math.pi * u / (total - warm))))
    if s["type"] == "exponential":
        return lr * s.get("factor", 0.95) ** (u / (s.get("every", 1) * steps_per_epoch))
    if s["type"] == "step":
        return lr * s.get("factor", 0.1) ** (u // (s.get("every", 10) * steps_per_epoch))
    return lr


def update(params, w, g, m, v, lr, t, product):
    o, b1, b2, eps = params["optimizer"], 0.9, 0.999, 1e-7
    decay = params.get("weight_decay", 0.004 if o == "adamw" else 0)
    w = w - w * decay * lr
    if o == "sgd":
        mu = params.get("momentum", 0)
        if not mu:
            return w - lr * g, m, v
        m = mu * m - lr * g
        return (w - lr * g + mu * m if params.get("nesterov") else w + m), m, v
    if o == "rmsprop":
        m = 0.9 * m + 0.1 * g * g
        return w - lr * g / np.sqrt(m + eps), m, v
    if o == "adagrad":
        m = m + g * g
        return w - lr * g / np.sqrt(m + eps), m, v
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
    if o == "nadam":
        u, u1 = (b1 * (1 - 0.5 * 0.96**k) for k in (t, t + 1))
        mhat = u1 * m / (1 - product * u * u1) + (1 - u) * g / (1 - product * u)
        return w - lr * mhat / (np.sqrt(v / (1 - b2**t)) + eps), m, v
    return w - lr * math.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + eps), m, v


def to32(a):
    return a.astype(np.float32).astype(np.float64)


def train(net, params, v, x, labels, steps, batch, watch):
    perm = len(x) // batch
    m = {k: np.full(a.shape, to32(np.array(0.1)) if params["optimizer"] == "adagrad" else 0.0) for k, a in v.items()}
    s = {k: np.zeros(a.shape) for k, a in v.items()}
    smooth, l2, product = params.get("label_smoothing", 0), params.get("l2", 0), 1.0
    for t in range(steps):
        at = (t % perm) * batch
        xs, ys = torch.from_numpy(x[at : at + batch]), torch.from_numpy(labels[at : at + batch])
        tv = {k: torch.from_numpy(a).requires_grad_() for k, a in v.items()}
        logits = net.forward(tv, xs)
        target = F.one_hot(ys, net.classes) * (1 - smooth) + smooth / net.classes
        loss = -(target * F.log_softmax(logits, 1)).sum(1).mean()
        loss = loss + l2 * sum((a**2).sum() for k, a in tv.items() if k.endswith(".kernel"))
        loss.backward()
        lr = rates(params, perm, t)
        state = {"w": v, "m": m, "v": s}
        g = {k: a.grad.numpy() for k, a in tv.items()}
        new = {k: update(params, v[k], g[k], m[k], s[k], lr, t + 1, product) for k in v}
        if params["optimizer"] == "nadam":
            product *= 0.9 * (1 - 0.5 * 0.96 ** (t + 1))
        v, m, s = ({k: to32(a[i]) for k, a in new.items()} for i in range(3))
        watch(t, loss.item(), state, g, v, lr)
        for p, (mean, var) in net.stats.items():
            for name, batch_value in (("moving_mean", mean), ("moving_variance", var)):
                old = net.moving[f"{p}.{name}"]
                net.moving[f"{p}.{name}"] = to32(old + 0.01 * (batch_value - old))
    return v


def b64(a):
    return {"shape": list(a.shape), "data": base64.b64encode(np.ascontiguousarray(a, np.float32).tobytes()).decode()}


def initial(net, state):
    """Glorot's limits with lcg numbers; vectors are moved off their constants so that all take part."""
    v = {}
    for k, shape in net.shapes.items():
        u = lcg(int(np.prod(shape)), state).reshape(shape) * 2 - 1
        state += 101
        if k.endswith(".kernel"):
            area = int(np.prod(shape[:-2]))
            u = u * math.sqrt(6 / (area * (shape[-2] + shape[-1])))
        else:
            u = u * 0.1 + (1 if k.endswith(".gamma") else 0)
        v[k] = to32(u)
    return v


def small(name, layers, shape=(4,), classes=3, steps=50, batch=6, rows=30, **params):
    params = {"optimizer": "adam", "epochs": 10, "batch_size": batch, "shuffle": False, **params}
    net = Net(layers, shape, classes)
    rng = np.random.default_rng(3)
    labels = rng.integers(0, classes, rows)
    x = to32(rng.normal(size=(rows, *shape)) + rng.normal(size=(classes, *shape))[labels])
    log = {"loss": [], "rate": [], "w": [], "g": [], "m": [], "v": []}

    def flat(d):
        return np.concatenate([d[k].ravel() for k in net.shapes])

    def watch(t, loss, state, g, v, lr):
        log["loss"].append(loss)
        log["rate"].append(lr)
        for k in "wmv":
            log[k].append(flat(state[k]))
        log["g"].append(flat(g))

    v = train(net, params, initial(net, 1), x, labels, steps, batch, watch)
    log["w"].append(flat(v))
    moments = "" if params["optimizer"] == "sgd" and not params.get("momentum") else "m"
    moments += "v" if params["optimizer"] in ("adam", "adamw", "nadam") else ""
    out = {
        "layers": strip(layers), "params": params, "shape": shape, "classes": classes, "labels": labels.tolist(), "x": b64(x),
        "variables": list(net.shapes), "loss": log["loss"], "rate": log["rate"],
        "w": b64(np.array(log["w"])), "g": b64(np.array(log["g"])), "moments": [b64(np.array(log[k])) for k in moments],
        "moving": {k: b64(a) for k, a in net.moving.items()},
    }
    write(name, out)


def strip(layers):
    """Layers without what declare noted in them."""
    return [{k: (strip(v) if k == "layers" else v) for k, v in l.items() if k != "projection_strides"} for l in layers]


def generated(rows, shape, classes):
    """Pixels, scaled as the trainer does, and labels."""
    pixels = np.floor(lcg(rows * int(np.prod(shape)), 77) * 256)
    return to32(pixels * to32(np.array(1 / 255))).reshape(rows, *shape), np.floor(lcg(rows, 78) * classes).astype(np.int64)


def gradient(net, w, x, labels):
    """Loss and gradient of a batch, in the precision of w and x."""
    tv = {k: torch.from_numpy(a).requires_grad_() for k, a in w.items()}
    loss = F.cross_entropy(net.forward(tv, torch.from_numpy(x)), torch.from_numpy(labels))
    loss.backward()
    return loss.item(), {k: a.grad.numpy() for k, a in tv.items()}


def large(name, layers, shape=(28, 28, 1), classes=10, steps=50, batch=32, rows=160, **params):
    params = {"optimizer": "adam", "epochs": 10, "batch_size": batch, "shuffle": False, **params}
    net = Net(layers, shape, classes)
    x, labels = generated(rows, shape, classes)
    signs = {k: np.sign(lcg(int(np.prod(s)), 5000 + i) - 0.5).reshape(s) for i, (k, s) in enumerate(net.shapes.items())}
    log = {"loss": [], "gradients": [], "updates": []}

    def project(d):
        return [[float(np.sqrt((d[k] ** 2).sum())), float((d[k] * signs[k]).sum())] for k in net.shapes]

    def watch(t, loss, state, g, v, lr):
        log["loss"].append(loss)
        log["gradients"].append(project(g))
        log["updates"].append(project({k: v[k] - state["w"][k] for k in v}))
        print(name, t, round(loss, 5), file=sys.stderr)

    first = initial(net, 1)
    v = train(net, params, first, x, labels, steps, batch, watch)
    write(name, {
        "layers": strip(layers), "params": params, "shape": shape, "classes": classes, "rows": rows, "variables": list(net.shapes),
        **log, "travelled": project({k: v[k] - first[k] for k in v}),
    })


SIGNS = 8


def stepped(name, layers, shape=(28, 28, 1), classes=10, steps=50, batch=4, rows=20, **params):
    """Single steps of a reported net, each from a state that is a function of its number: the state is
    nowhere stored, so that nets of any size have 50 steps. Of gradient and update the file has, by variable, the
    norm and projections on random signs: their differences tell the norm of the difference."""
    params = {"optimizer": "adam", "epochs": 10, "batch_size": batch, "shuffle": False, **params}
    net = Net(layers, shape, classes)
    x, labels = generated(rows, shape, classes)
    signs = {}
    for i, (k, s) in enumerate(net.shapes.items()):
        states = lcg_states(int(np.prod(s)), 5000 + i)
        signs[k] = [(((states >> (16 + j)) & 1) * 2.0 - 1).reshape(s) for j in range(SIGNS)]
    losses, gradients, updates = [], [], []

    def project(d):
        return [[np.sqrt((d[k] ** 2).sum())] + [(d[k] * sign).sum() for sign in signs[k]] for k in net.shapes]

    for t in range(steps):
        at = t * batch % rows
        w = initial(net, 1 + 7919 * t)
        m = {k: to32((lcg(a.size, 20000 + 7919 * t + i).reshape(a.shape) * 2 - 1) * 0.01) for i, (k, a) in enumerate(w.items())}
        v = {k: to32((lcg(a.size, 60000 + 7919 * t + i).reshape(a.shape) + 1) * 1e-4) for i, (k, a) in enumerate(w.items())}
        loss, g = gradient(net, w, x[at : at + batch], labels[at : at + batch])
        new = {k: update(params, w[k], g[k], m[k], v[k], rates(params, rows // batch, t), t + 1, 1.0)[0] for k in w}
        losses.append(loss)
        gradients.append(project(g))
        updates.append(project({k: new[k] - w[k] for k in w}))
    print(name, np.mean(losses), file=sys.stderr)
    write(name, {
        "stepped": True, "layers": strip(layers), "params": params, "shape": shape, "classes": classes, "rows": rows,
        "variables": list(net.shapes), "loss": losses, "g": b64(np.array(gradients)), "w": b64(np.array(updates)),
    })


def write(name, out):
    with open(f"golden/{name}.json", "w") as f:
        json.dump(out, f, separators=(",", ":"))
        f.write("\n")


def dense(units, activation):
    return {"type": "dense", "units": units, "activation": activation}


def conv(filters, size=3, activation="relu", **more):
    return {"type": "conv2d", "filters": filters, "kernel_size": size, "padding": "same", "activation": activation} | more


OUT = dense("$classes", "softmax")
BN = {"type": "batchnorm"}
POOL = {"type": "maxpool2d"}
TANH = [dense(5, "tanh"), OUT]


def dense_cases():
    small("sgd", TANH, optimizer="sgd", learning_rate=0.1)
    small("momentum", TANH, optimizer="sgd", learning_rate=0.1, momentum=0.9)
    small("nesterov", TANH, optimizer="sgd", learning_rate=0.1, momentum=0.9, nesterov=True)
    small("rmsprop", TANH, optimizer="rmsprop", learning_rate=0.01)
    small("adam", TANH, optimizer="adam", learning_rate=0.01)
    small("adamw", TANH, optimizer="adamw", learning_rate=0.01, weight_decay=0.1)
    small("nadam", TANH, optimizer="nadam", learning_rate=0.01)
    small("adagrad", TANH, optimizer="adagrad", learning_rate=0.05)
    small("regularised", TANH, optimizer="sgd", learning_rate=0.1, l2=0.01, label_smoothing=0.1, weight_decay=0.02)
    small("batchnorm", [dense(5, "tanh"), BN, OUT], learning_rate=0.01)
    small("relu_batchnorm", [{**dense(5, "linear"), "use_bias": False}, BN, {"type": "activation", "activation": "relu"}, OUT], learning_rate=0.01)
    small("activations", [dense(4, "elu"), dense(4, "gelu"), dense(3, "leaky_relu"), dense(3, "sigmoid"), dense(3, "tanh"), OUT],
          optimizer="sgd", learning_rate=0.3)
    small("cosine", TANH, optimizer="sgd", learning_rate=0.1, schedule={"type": "cosine", "warmup": 2, "final": 0.1})
    small("one_cycle", TANH, optimizer="sgd", learning_rate=0.3, schedule={"type": "one_cycle", "final": 0.0001})
    small("step", TANH, optimizer="sgd", learning_rate=0.2, schedule={"type": "step", "every": 3, "factor": 0.5, "warmup": 1})
    small("exponential", TANH, optimizer="sgd", learning_rate=0.2, schedule={"type": "exponential", "factor": 0.8})
    small("residual", [dense(5, "tanh"), {"type": "residual", "layers": [dense(5, "tanh")]},
                       {"type": "residual", "layers": [dense(3, "tanh")], "activation": "tanh"}, OUT], learning_rate=0.01)
    stepped("mlp_baseline", [dense(128, "relu"), dense(64, "relu"), OUT], batch=32, rows=160)
    stepped("mlp_grid_1", [dense(128, "relu"), dense(128, "relu"), OUT], batch=32, rows=160)
    stepped("mlp_grid_2", [dense(128, "relu"), OUT], batch=32, rows=160)
    large("mlp_tanh", [dense(128, "tanh"), dense(64, "tanh"), OUT])


def cnn(number):
    """The reported convolutional nets, without dropout."""
    flat = {"type": "flatten"}
    blocks = {
        1: [conv(64), POOL, conv(32), POOL, flat, dense(64, "relu")],
        2: [conv(32), POOL, conv(64), POOL, BN, conv(128), conv(128), POOL, flat, BN, dense(512, "relu")],
        3: [conv(32), POOL, conv(64), POOL, conv(128), POOL, flat, BN, dense(128, "relu")],
        4: [conv(32), POOL, conv(32), POOL, conv(64), POOL, conv(128), POOL, flat, BN, dense(128, "relu")],
    }
    return blocks[number] + [OUT]


def convolution_cases():
    image = (5, 6, 2)
    avg = {"type": "avgpool2d"}
    gap = {"type": "global_avg_pool"}
    small("conv", [conv(3, 3, "tanh"), gap, OUT], image, learning_rate=0.01, steps=20)
    small("conv_valid", [conv(3, [2, 3], "tanh", padding="valid"), conv(2, 2, "tanh", padding="valid"), OUT], image, learning_rate=0.01, steps=20)
    small("conv_strides", [conv(3, 3, "tanh", strides=2), conv(2, 3, "tanh", strides=2), OUT], image, learning_rate=0.01, steps=20)
    small("conv_relu_max", [conv(3), POOL, conv(3), gap, OUT], (6, 6, 1), learning_rate=0.01, steps=20)
    small("conv_average", [conv(3, 5, "tanh"), avg, conv(3, 1, "tanh"), OUT], image, learning_rate=0.01, steps=10)
    small("conv_batchnorm", [conv(3, 3, "linear", use_bias=False), BN, {"type": "activation", "activation": "tanh"}, gap, OUT], image, learning_rate=0.01, steps=50)
    small("conv_residual", [conv(3, 3, "tanh"), {"type": "residual", "layers": [conv(3, 3, "tanh"), BN, conv(3, 3, "linear")], "activation": "tanh"},
                            {"type": "residual", "layers": [conv(4, 3, "tanh", strides=2)]}, gap, OUT], image, learning_rate=0.01, steps=50)
    small("pool_same", [conv(3, 3, "tanh"), {"type": "avgpool2d", "pool_size": [3, 2], "strides": [2, 1], "padding": "same"},
                        conv(3, [1, 2], "tanh", strides=[1, 2]), {"type": "maxpool2d", "pool_size": 3, "strides": 2, "padding": "same"}, OUT],
          (5, 6, 2), learning_rate=0.01, steps=10)
    for number in 1, 2, 3, 4:
        stepped(f"cnn_{number}", cnn(number))
    smooth = [conv(8, 3, "tanh"), avg, BN, conv(16, 3, "tanh"), avg, gap, OUT]
    large("cnn_tanh", smooth, steps=50, batch=8, rows=80)


def along(wanted):
    """A function in place of stepped, that trains the net of that name: to standard output, little-endian, for each
    step the loss as a double, then as floats, all trainable variables in their order: w, m, v, gradient, update, and
    as a double how far PyTorch's own float32 is from the update, in relative norm.
    Every step has a batch of its own: a net that knows its rows by heart has a loss that is all rounding."""
    def run(name, layers, shape=(28, 28, 1), classes=10, steps=50, batch=4, rows=20, **params):
        if name != wanted:
            return
        batch, rows = 8, 8 * steps
        params = {"optimizer": "adam", "epochs": 10, "batch_size": batch, "shuffle": False, **params}
        net = Net(layers, shape, classes)
        x, labels = generated(rows, shape, classes)

        def single(t, state, lr):
            """The same step in PyTorch's float32."""
            f32 = {part: {k: a.astype(np.float32) for k, a in state[part].items()} for part in state}
            at = t * batch
            _, g = gradient(net, f32["w"], x[at : at + batch].astype(np.float32), labels[at : at + batch])
            f = np.float32
            new = {k: update(params, f32["w"][k], g[k], f32["m"][k], f32["v"][k], f(lr), t + 1, f(1)) for k in g}
            return {k: new[k][0].astype(np.float64) - state["w"][k] for k in g}

        def watch(t, loss, state, g, v, lr):
            out = sys.stdout.buffer
            out.write(np.array(loss, "<f8").tobytes())
            change = {k: v[k] - state["w"][k] for k in v}
            c32 = single(t, state, lr)
            far = np.sqrt(sum(((c32[k] - a) ** 2).sum() for k, a in change.items()) / sum((a**2).sum() for a in change.values()))
            for part in state["w"], state["m"], state["v"], g, change:
                for k in net.shapes:
                    out.write(np.ascontiguousarray(part[k], "<f4").tobytes())
            out.write(np.array(far, "<f8").tobytes())

        train(net, params, initial(net, 1), x, labels, steps, batch, watch)
    return run


if __name__ == "__main__":
    if sys.argv[1:2] == ["along"]:
        small = large = lambda *args, **more: None
        stepped = along(sys.argv[2])
    dense_cases()
    convolution_cases()
