// Package trainer trains and evaluates classifiers with Keras' semantics, on one core near the machine's
// limit. It knows what a layer, an optimizer, a schedule or a metric may be; where a name was written
// is its caller's to know.
//
// # The way in
//
//	config, problems := trainer.Compile(spec, shape, classes)      // checked, nothing allocated
//	fitter, err := trainer.NewFitter(config, task, train, validation) // all memory
//	epoch, err := fitter.Epoch(ctx)                                // until fitter.Done()
//	model := fitter.Model()                                        // Evaluate, Predict, MarshalBinary
//
// Compile reads layers and parameters (fields.go, layer.go, params.go), infers shapes and declares the
// variables (shape.go), and refuses what does not fit or would not fit into memory. A Config is
// read-only and shared; Summary and Cost are arithmetic on it.
//
// # How a network runs
//
// All trainable values lie in one flat slice, moving statistics in another; a variable is a named view
// (variable.go). So the optimizer is one loop, a snapshot is one write, and a gradient check is one index.
// Kernels lie in the panels of kernel.Matrix for ever: C order exists in files only.
//
// A builder turns layers into operations over tensors (builder.go, operation.go, convolution.go,
// normalization.go, residual.go). What belongs together is fused on the way: bias and ReLU are the
// epilogue of a product; a dropout behind ReLU works in place, and the mask of both in the backward pass
// is the stored output itself, applied where the next product writes its input gradient. A dropout
// elsewhere draws its mask again instead of keeping it. The first layer has no input gradient. The gather
// reads bytes of the one shared copy of the images and scales them on the way.
//
// A pass goes through the operations in stages (network.go). Within a stage each sample is independent
// of the others, so maps go through in blocks that stay in the cache (blocks.go), and several threads can take a
// part of the batch each. Gradients of maps have memory for a block only, and the output of a first convolution
// that is pooled is computed again rather than kept. Batch normalisation needs the whole batch and begins a
// stage. Weight gradients are shared out by panels, and the optimizer's step by the same, so that weights,
// gradients and moments stay in one thread's cache; so does the forward pass of a dense layer of many weights,
// which begins a stage where there is more than one thread. No sum is ever split, so the number of threads does
// not show in the bits (crew.go).
//
// # Random numbers
//
// Every draw is a function of (seed, repeat, fold, purpose, step, element), by Philox (stream.go). Initial
// weights are keyed by the variable's name, dropout by the layer's, shuffles by the epoch's number. Neither
// the point nor the worker takes part: all points see the same shuffles, and points that differ only in
// epochs are one trajectory.
//
// # What is kept
//
// A Snapshot (snapshot.go) holds a fit at the end of any batch; restored, it goes on to the same bits. A
// model file (modelfile.go) holds all that predicting from raw rows needs. Both are checksummed frames
// (frame.go) that know a foreign, a newer, a truncated and an altered file from each other. Weights are
// exchanged as safetensors (safetensors.go).
//
// # Where Keras is followed, and where not
//
// Losses, validation losses included, carry label smoothing and the l2 penalty. Training loss and accuracy
// are means over the epoch as it ran. A short last batch counts by its rows. The moving variance of maps is
// Bessel-corrected, that of vectors is not. Early stopping compares strictly and against the best so far.
// Not as in Keras: a moving average of the weights (ema) is what validation and the model use throughout, not
// only at the end; a loss that is not finite ends the fit with ErrDiverged.
//
// golden_test.go holds all of it against trajectories made with PyTorch, golden_system_test.go the reported nets
// against single steps and, with -torch, against trainings that go on meanwhile, gradient_test.go against finite
// differences.
package trainer
