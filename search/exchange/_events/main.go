// Command events reads TensorBoard event files with messages that are not ours: those that protoc made of
// TensorFlow's own event.proto and summary.proto (github.com/helinwang/tfsum, of 2017: it does not know the
// metadata of plugins, which the messages keep as unknown fields). It is a module of its own, so that the
// program depends on none of it; `go test ./search/exchange -args -events` runs it.
//
//	go -C search/exchange/_events run . FOLDER
//
// For each event file below FOLDER and each value in it, a line of JSON. That package's writer frames every
// summary again, and what takes the frames off must take off its frames as well.
package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/golang/protobuf/proto"
	"github.com/helinwang/tfsum"
	framework "github.com/helinwang/tfsum/tensorflow/core/framework"
	events "github.com/helinwang/tfsum/tensorflow/core/util"
)

// line is what one value of one event says.
type line struct {
	File    string  `json:"file"`
	Version string  `json:"version,omitempty"` // of the head, which has no value
	Wall    float64 `json:"wall"`              // seconds since 1970
	Step    int64   `json:"step"`
	Tag     string  `json:"tag,omitempty"`
	Value   float32 `json:"value"`
	Tensor  string  `json:"tensor,omitempty"` // the type of what is no scalar
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "events:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("want one folder")
	}
	again, err := os.MkdirTemp("", "events")
	if err != nil {
		return err
	}
	defer os.RemoveAll(again)
	out := json.NewEncoder(os.Stdout)
	return filepath.WalkDir(args[0], func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !strings.Contains(d.Name(), ".tfevents.") {
			return fmt.Errorf("%s: TensorBoard would not look into it", path)
		}
		name, err := filepath.Rel(args[0], path)
		if err != nil {
			return err
		}
		if err := read(path, filepath.ToSlash(name), again, out); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
}

// read writes the lines of a file, and frames its summaries again in a folder.
func read(path, name, folder string, out *json.Encoder) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	records, err := unframe(data)
	if err != nil {
		return err
	}
	theirs := tfsum.Writer{Dir: folder, Name: name}
	defer theirs.Close()
	var summaries []string
	for i, r := range records {
		var e events.Event
		if err := proto.Unmarshal(r, &e); err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
		if e.GetSummary() == nil {
			if err := out.Encode(line{File: name, Version: e.GetFileVersion(), Wall: e.GetWallTime(), Step: e.GetStep()}); err != nil {
				return err
			}
			continue
		}
		for _, v := range e.GetSummary().GetValue() {
			l := line{File: name, Wall: e.GetWallTime(), Step: e.GetStep(), Tag: v.GetTag()}
			switch v.GetValue().(type) {
			case *framework.Summary_Value_SimpleValue:
				l.Value = v.GetSimpleValue()
			case *framework.Summary_Value_Tensor:
				l.Tensor = v.GetTensor().GetDtype().String()
			default:
				return fmt.Errorf("event %d, %q: a value of type %T", i, v.GetTag(), v.GetValue())
			}
			if err := out.Encode(l); err != nil {
				return err
			}
		}
		s, err := proto.Marshal(e.GetSummary())
		if err != nil {
			return err
		}
		if err := theirs.AddEvent(string(s), e.GetStep()); err != nil {
			return err
		}
		summaries = append(summaries, string(s))
	}
	return compare(filepath.Join(folder, filepath.FromSlash(name)), summaries)
}

// compare takes the frames off what their writer wrote.
func compare(folder string, summaries []string) error {
	if len(summaries) == 0 {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) != 1 {
		return fmt.Errorf("their writer wrote %q: %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	records, err := unframe(data)
	if err != nil {
		return fmt.Errorf("theirs: %w", err)
	}
	if len(records) != len(summaries) {
		return fmt.Errorf("their file has %d records, ours %d", len(records), len(summaries))
	}
	for i, r := range records {
		var e events.Event
		if err := proto.Unmarshal(r, &e); err != nil {
			return err
		}
		if s, err := proto.Marshal(e.GetSummary()); err != nil || string(s) != summaries[i] {
			return fmt.Errorf("record %d is another summary: %v", i, err)
		}
	}
	return nil
}

// unframe takes a TFRecord file apart: length, its checksum, bytes, their checksum (record_writer.cc of TensorFlow).
func unframe(data []byte) ([][]byte, error) {
	var out [][]byte
	whole := len(data)
	for len(data) > 0 {
		at := whole - len(data)
		if len(data) < 12 {
			return nil, fmt.Errorf("at byte %d: %d bytes are no frame", at, len(data))
		}
		n := binary.LittleEndian.Uint64(data)
		if masked(data[:8]) != binary.LittleEndian.Uint32(data[8:]) {
			return nil, fmt.Errorf("at byte %d: checksum of the length", at)
		}
		data = data[12:]
		if uint64(len(data)) < n+4 {
			return nil, fmt.Errorf("at byte %d: a record of %d bytes, %d are left", at, n, len(data))
		}
		if masked(data[:n]) != binary.LittleEndian.Uint32(data[n:]) {
			return nil, fmt.Errorf("at byte %d: checksum of the record", at)
		}
		out = append(out, data[:n])
		data = data[n+4:]
	}
	return out, nil
}

// masked is a CRC-32C as TensorFlow masks it (crc32c.h).
func masked(data []byte) uint32 {
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return (sum>>15 | sum<<17) + 0xa282ead8
}
