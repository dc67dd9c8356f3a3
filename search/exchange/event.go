package exchange

import (
	"encoding/binary"
	"hash/crc32"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of the messages, from event.proto, summary.proto, tensor.proto and tensor_shape.proto of TensorBoard and from
// struct.proto of protobuf.
const (
	eventWallTime    = 1
	eventStep        = 2
	eventFileVersion = 3
	eventSummary     = 5

	summaryValue = 1

	valueTag      = 1
	valueSimple   = 2
	valueTensor   = 8
	valueMetadata = 9

	metadataPlugin    = 1
	metadataDataClass = 4
	pluginName        = 1
	pluginContent     = 2

	tensorType   = 1
	tensorShape  = 2
	tensorFloats = 5
	shapeDim     = 2
	dimSize      = 1

	structNumber = 2
	structString = 3
	structBool   = 4
	listValues   = 1
)

const (
	typeFloat       = 1 // DataType
	dataClassTensor = 2 // DataClass
	fileVersion     = "brain.Event:2"
)

// message is the bytes of a protobuf message under construction.
type message []byte

func (m *message) integer(field protowire.Number, v int64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(v))
}

func (m *message) double(field protowire.Number, v float64) {
	*m = protowire.AppendFixed64(protowire.AppendTag(*m, field, protowire.Fixed64Type), math.Float64bits(v))
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

// eventFile writes events one after the other, each framed as a TFRecord: length, its checksum, bytes, their
// checksum. The first error stays.
type eventFile struct {
	w   io.Writer
	err error
}

// newEventFile begins a file with the event that names its version.
func newEventFile(w io.Writer, wall float64) *eventFile {
	f := &eventFile{w: w}
	var e message
	e.double(eventWallTime, wall)
	e.text(eventFileVersion, fileVersion)
	f.record(e)
	return f
}

// scalar writes a number at a step.
func (f *eventFile) scalar(wall float64, step int, tag string, v float64) {
	var value message
	value.text(valueTag, tag)
	value.float(valueSimple, float32(v))
	f.summary(wall, step, value)
}

// plugin writes what a plugin keeps in metadata, with the tensor of one zero that it expects beside that.
func (f *eventFile) plugin(wall float64, tag, plugin string, content message) {
	var data, metadata, dim, shape, zero, tensor, value message
	data.text(pluginName, plugin)
	data.inside(pluginContent, content)
	metadata.inside(metadataPlugin, data)
	metadata.integer(metadataDataClass, dataClassTensor)
	dim.integer(dimSize, 1)
	shape.inside(shapeDim, dim)
	zero = protowire.AppendFixed32(zero, 0)
	tensor.integer(tensorType, typeFloat)
	tensor.inside(tensorShape, shape)
	tensor.inside(tensorFloats, zero) // packed
	value.text(valueTag, tag)
	value.inside(valueTensor, tensor)
	value.inside(valueMetadata, metadata)
	f.summary(wall, 0, value)
}

func (f *eventFile) summary(wall float64, step int, value message) {
	var summary, event message
	summary.inside(summaryValue, value)
	event.double(eventWallTime, wall)
	event.integer(eventStep, int64(step))
	event.inside(eventSummary, summary)
	f.record(event)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// masked is a CRC-32C as TFRecords have it: turned and shifted, so that a checksum of data with checksums is no hazard.
func masked(data []byte) uint32 {
	sum := crc32.Checksum(data, castagnoli)
	return (sum>>15 | sum<<17) + 0xa282ead8
}

func (f *eventFile) record(event message) {
	if f.err != nil {
		return
	}
	out := binary.LittleEndian.AppendUint64(make([]byte, 0, len(event)+16), uint64(len(event)))
	out = binary.LittleEndian.AppendUint32(out, masked(out))
	out = append(out, event...)
	out = binary.LittleEndian.AppendUint32(out, masked(event))
	_, f.err = f.w.Write(out)
}
