package onnx

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of the messages, from onnx.proto of the ONNX project (IR version 8).
const (
	modelIRVersion       = 1
	modelProducerName    = 2
	modelProducerVersion = 3
	modelGraph           = 7
	modelOpsetImport     = 8
	modelMetadata        = 14

	opsetVersion = 2 // of the default domain

	entryKey   = 1
	entryValue = 2

	graphNode        = 1
	graphName        = 2
	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12
	graphValueInfo   = 13

	nodeInput     = 1
	nodeOutput    = 2
	nodeName      = 3
	nodeOp        = 4
	nodeAttribute = 5

	attributeName  = 1
	attributeFloat = 2
	attributeInt   = 3
	attributeInts  = 8
	attributeType  = 20

	tensorDims     = 1
	tensorDataType = 2
	tensorName     = 8
	tensorRawData  = 9

	valueName       = 1
	valueType       = 2
	typeTensor      = 1
	tensorElemType  = 1
	tensorShape     = 2
	shapeDimension  = 1
	dimensionValue  = 1
	dimensionSymbol = 2
)

// Values of enumerations.
const (
	dataFloat  = 1 // TensorProto.DataType
	kindFloat  = 1 // AttributeProto.AttributeType
	kindInt    = 2
	kindInts   = 7
	irVersion  = 8
	opset      = 17
	batchAxis  = "N"
	inputName  = "input"
	outputName = "probabilities"
)

// message is the bytes of a protobuf message under construction.
type message []byte

func (m *message) integer(field protowire.Number, v int64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(v))
}

func (m *message) float(field protowire.Number, v float32) {
	*m = protowire.AppendFixed32(protowire.AppendTag(*m, field, protowire.Fixed32Type), math.Float32bits(v))
}

func (m *message) text(field protowire.Number, s string) {
	*m = protowire.AppendString(protowire.AppendTag(*m, field, protowire.BytesType), s)
}

func (m *message) inside(field protowire.Number, part message) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), part)
}

// floats writes values as raw data: little-endian, after their length.
func (m *message) floats(field protowire.Number, values []float32) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.BytesType), uint64(4*len(values)))
	for _, v := range values {
		*m = binary.LittleEndian.AppendUint32(*m, math.Float32bits(v))
	}
}

// attribute is one setting of a node: a float, an integer, or a list of integers.
type attribute struct {
	name  string
	value any // float32, int or []int
}

func (a attribute) message() (m message) {
	m.text(attributeName, a.name)
	switch v := a.value.(type) {
	case float32:
		m.float(attributeFloat, v)
		m.integer(attributeType, kindFloat)
	case int:
		m.integer(attributeInt, int64(v))
		m.integer(attributeType, kindInt)
	case []int:
		for _, x := range v {
			m.integer(attributeInts, int64(x))
		}
		m.integer(attributeType, kindInts)
	}
	return m
}

// valueMessage declares a value of float32 whose first axis is the batch.
func valueMessage(name string, shape []int) (m message) {
	var dims message
	var batch message
	batch.text(dimensionSymbol, batchAxis)
	dims.inside(shapeDimension, batch)
	for _, d := range shape {
		var dim message
		dim.integer(dimensionValue, int64(d))
		dims.inside(shapeDimension, dim)
	}
	var tensor, kind message
	tensor.integer(tensorElemType, dataFloat)
	tensor.inside(tensorShape, dims)
	kind.inside(typeTensor, tensor)
	m.text(valueName, name)
	m.inside(valueType, kind)
	return m
}

// tensorMessage is a constant of the graph.
func tensorMessage(name string, shape []int, values []float32) (m message) {
	m = make(message, 0, 4*len(values)+len(name)+64)
	for _, d := range shape {
		m.integer(tensorDims, int64(d))
	}
	m.integer(tensorDataType, dataFloat)
	m.text(tensorName, name)
	m.floats(tensorRawData, values)
	return m
}
