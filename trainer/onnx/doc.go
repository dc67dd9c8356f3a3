// Package onnx writes a trained model as an ONNX file that any runtime of the format can use: the scaling of the data
// source, every layer, the softmax. Only Marshal is exported.
//
// # What the file holds
//
// IR version 8, opset 17: what runtimes of 2022 and later read. One input "input", float32, [N, H, W, C] for images or
// [N, features] for tables, raw values as in the data source (pixels from 0 to 255; a categorical column as one
// feature a level, 1 or 0), and one output "probabilities", float32, [N, classes]. N is free. Where the model comes
// from stands in the metadata (trainer.Model.Metadata says under which names).
//
// # How layers are said
//
//	dense            Gemm (without bias: MatMul), Flatten before it where its input is a map
//	conv2d           Conv, kernel turned from [height width in out] to [out in height width], explicit pads
//	maxpool2d        MaxPool; avgpool2d: AveragePool that leaves padding out of the mean
//	global_avg_pool  GlobalAveragePool, Flatten
//	batchnorm        BatchNormalization with the moving statistics; without gamma ones, without beta zeros
//	flatten          Transpose to height, width, channel; Flatten
//	dropout          nothing
//	residual         Add, the projection a Conv or Gemm
//	activations      Relu, LeakyRelu (0.3), Elu (1), Tanh, Sigmoid, Softmax; gelu as x·½(1 + Erf(x/√2)), since Gelu is of opset 20
//
// ONNX has channels before rows, we have them last: maps are turned once behind the input and back where they are
// flattened, so that weights and inputs are those of the other exchange files.
//
// # Why the messages are written by hand
//
// An ONNX file is a dozen kinds of protobuf message of which a writer needs some thirty fields. message.go writes them
// with protowire, the encoding layer of google.golang.org/protobuf; the field numbers, which the format can never
// change, stand there by name. Code generated from onnx.proto would be 5,000 lines, and the reflection behind it
// megabytes of the program, for nothing a reader of ours would use. The test reads every file back by the same
// numbers, and the ONNX Runtime, which knows nothing of us, reads and runs them all (runtime_test.go).
package onnx
