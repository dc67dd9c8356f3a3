//go:build unix

package main

import "strings"

// A sweep is what gets killed: small enough to be over in seconds, and together all
// that makes equal numbers hard.
type sweep struct {
	name string // also of its model file
	text string
	long bool // its jobs or its refit last beyond two seconds: checkpoints are written without a signal
}

const head = `seed = 11
[data]
source = "fashion-mnist-mini"
limit = LIMIT
`

const mlp = `[model]
layers = [
  { type = "dense", units = 32, activation = "relu" },
  { type = "batchnorm" },
  { type = "dropout", rate = 0.2 },
  { type = "dense", units = "$classes", activation = "softmax" },
]
`

const cnn = `[model]
layers = [
  { type = "conv2d", filters = 4, kernel_size = 3, activation = "relu" },
  { type = "maxpool2d" },
  { type = "dropout", rate = "$dropout" },
  { type = "dense", units = "$classes", activation = "softmax" },
]
`

// sweeps is what there is to kill.
func sweeps() []sweep {
	make := func(name, limit, body string) sweep {
		return sweep{name: name, text: "name = \"" + name + "\"\n" + strings.Replace(head, "LIMIT", limit, 1) + body}
	}
	long := func(s sweep) sweep {
		s.long = true
		return s
	}
	return []sweep{
		make("grid-kfold", "1500", `[folds]
k = 2
shuffle = true
[grid]
momentum = [0.0, 0.9]
learning_rate = [0.01, 0.03]
epochs = [4, 9, 20]
[params]
optimizer = "sgd"
batch_size = 8
early_stopping = { patience = 3, monitor = "loss" }
`+mlp),
		make("grid-final", "2500", `[folds]
scheme = "holdout"
[search]
validate = "final"
[grid]
optimizer = ["adam", "sgd"]
batch_size = [8, 16]
epochs = [5, 11, 24]
[refit]
rows = "train"
`+mlp),
		make("random-kfold", "1200", `[folds]
k = 2
repeats = 2
shuffle = true
[search]
strategy = "random"
metric = "f1_macro"
trials = 8
[grid]
learning_rate = { min = 1e-4, max = 1e-1, scale = "log" }
batch_size = { min = 8, max = 24 }
epochs = [8, 16]
[refit]
epochs = "best"
`+mlp),
		make("random-holdout", "2000", `[folds]
scheme = "holdout"
position = "stratified"
[search]
strategy = "random"
metric = "loss"
trials = 8
[grid]
learning_rate = { min = 1e-4, max = 1e-2, scale = "log" }
optimizer = ["adam", "rmsprop"]
[params]
batch_size = 8
epochs = 10
ema = 0.9
`+mlp),
		make("cosine", "1500", `[folds]
k = 3
[grid]
learning_rate = [0.001, 0.01]
epochs = [8, 16]
[params]
batch_size = 8
schedule = { type = "cosine" }
early_stopping = { patience = 3, monitor = "accuracy", restore_best = true }
`+mlp),
		make("cnn-kfold", "600", `[folds]
k = 2
[grid]
dropout = [0.1, 0.4]
epochs = [2, 4, 8]
[params]
batch_size = 16
`+cnn),
		make("cnn-holdout", "800", `[folds]
scheme = "holdout"
[search]
strategy = "random"
trials = 5
[grid]
dropout = { min = 0.0, max = 0.5 }
[params]
optimizer = "sgd"
momentum = 0.9
batch_size = 8
epochs = 6
`+cnn),
		make("diverging", "2500", `[folds]
k = 2
[grid]
learning_rate = [0.01, 1e30]
epochs = [10, 25]
[params]
optimizer = "sgd"
batch_size = 8
`+mlp),
		long(make("long", "3000", `[folds]
k = 2
[grid]
epochs = [60, 140]
[params]
batch_size = 16
`+mlp)),
		long(make("long-refit", "3000", `[folds]
scheme = "holdout"
[params]
batch_size = 16
epochs = 2
[refit]
epochs = 150
`+mlp)),
	}
}
