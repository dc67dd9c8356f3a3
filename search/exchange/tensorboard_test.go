package exchange

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"espalier/search/searchtest"
)

// TestFrame holds a record to one that TensorFlow wrote: the head of every event file of a length of 24.
func TestFrame(t *testing.T) {
	var out bytes.Buffer
	f := newEventFile(&out, 1_500_000_000)
	if f.err != nil {
		t.Fatal(f.err)
	}
	if have := fmt.Sprintf("%x", out.Bytes()[:12]); have != "1800000000000000a37f4b22" {
		t.Errorf("frame %s", have)
	}
	if !strings.HasSuffix(out.String()[:12+24], "\x1a\x0dbrain.Event:2") {
		t.Errorf("%q", out.String())
	}
}

// checksum is CRC-32C bit by bit, as RFC 3720 has it: not the table of the library that wrote the file.
func checksum(data []byte) uint32 {
	sum := ^uint32(0)
	for _, b := range data {
		sum ^= uint32(b)
		for range 8 {
			sum = sum>>1 ^ 0x82f63b78&-(sum&1)
		}
	}
	return ^sum
}

// records unframes an event file.
func records(t testing.TB, data []byte) (out [][]byte) {
	t.Helper()
	take := func(n int) []byte {
		if n > len(data)-4 || n < 0 {
			t.Fatalf("a record of %d bytes, %d are left", n, len(data))
		}
		part, sum := data[:n], binary.LittleEndian.Uint32(data[n:])
		rotated := sum - 0xa282ead8
		if rotated>>17|rotated<<15 != checksum(part) {
			t.Fatal("a checksum is wrong")
		}
		data = data[n+4:]
		return part
	}
	for len(data) > 0 {
		out = append(out, take(int(binary.LittleEndian.Uint64(take(8)))))
	}
	return out
}

// show is a message as text, "1:… 2:{…}", the fields that schema names as messages taken apart: by the path of their numbers.
func show(t testing.TB, data []byte, path string, schema map[string]bool) string {
	t.Helper()
	var parts []string
	for len(data) > 0 {
		field, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		data = data[n:]
		at := fmt.Sprintf("%s.%d", path, field)
		var text string
		switch kind {
		case protowire.VarintType:
			var v uint64
			v, n = protowire.ConsumeVarint(data)
			text = fmt.Sprint(v)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(data)
			text = fmt.Sprint(math.Float32frombits(v))
		case protowire.Fixed64Type:
			var v uint64
			v, n = protowire.ConsumeFixed64(data)
			text = fmt.Sprintf("%.11g", math.Float64frombits(v))
		case protowire.BytesType:
			var v []byte
			v, n = protowire.ConsumeBytes(data)
			if schema[at] {
				text = "{" + show(t, v, at, schema) + "}"
			} else {
				text = fmt.Sprintf("%q", v)
			}
		}
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		data = data[n:]
		parts = append(parts, fmt.Sprintf("%d:%s", field, text))
	}
	return strings.Join(parts, " ")
}

// events are the messages of event.proto and of the plugin, by the path of their field numbers.
var events = func() map[string]bool {
	m := map[string]bool{}
	for _, path := range strings.Fields(`.5 .5.1 .5.1.8 .5.1.8.2 .5.1.8.2.2 .5.1.9 .5.1.9.1 .5.1.9.1.2
		.5.1.9.1.2.2 .5.1.9.1.2.2.4 .5.1.9.1.2.2.4.5 .5.1.9.1.2.2.4.5.1 .5.1.9.1.2.2.4.6 .5.1.9.1.2.2.5 .5.1.9.1.2.2.5.1
		.5.1.9.1.2.3 .5.1.9.1.2.3.1 .5.1.9.1.2.3.1.2 .5.1.9.1.2.4`) {
		m[path] = true
	}
	return m
}()

type closing struct{ *bytes.Buffer }

func (closing) Close() error { return nil }

// eventsOf writes event files into memory and takes them apart.
func eventsOf(t testing.TB, s Source) (files map[string][]string, runs int) {
	t.Helper()
	written := map[string]*bytes.Buffer{}
	runs, err := s.TensorBoard(t.Context(), func(path string) (io.WriteCloser, error) {
		if written[path] != nil || !filepath.IsLocal(path) {
			t.Errorf("file %q", path)
		}
		written[path] = &bytes.Buffer{}
		return closing{written[path]}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	files = map[string][]string{}
	for path, data := range written {
		for _, r := range records(t, data.Bytes()) {
			files[path] = append(files[path], show(t, r, "", events))
		}
	}
	return files, runs
}

func TestTensorBoard(t *testing.T) {
	s := material(t, odd, 1)
	files, runs := eventsOf(t, s)
	if len(files) != runs+1 || runs < 20 {
		t.Fatalf("%d runs in %d files", runs, len(files))
	}
	for path := range files {
		if strings.Trim(path, "abcdefghijklmnopqrstuvwxyz0123456789/.-") != "" || strings.Contains(path, "..") {
			t.Errorf("file name %q", path)
		}
	}
	var ids []string
	for trial := range s.Sweep.Trials() {
		ids = append(ids, trial.ID()[:8])
	}
	compare := func(path string, want ...string) {
		t.Helper()
		have := files[path]
		if len(have) != len(want) {
			t.Fatalf("%s: %d events, want %d", path, len(have), len(want))
		}
		for i := range want {
			if have[i] != want[i] {
				t.Errorf("%s: event %d\n%s\nwant\n%s", path, i, have[i], want[i])
			}
		}
	}
	head := func(wall float64) string { return fmt.Sprintf(`1:%.11g 3:"brain.Event:2"`, wall) }
	scalar := func(wall float64, step int, tag string, v float64) string {
		return fmt.Sprintf(`1:%.11g 2:%d 5:{1:{1:%q 2:%v}}`, wall, step, tag, float32(v))
	}
	plugin := func(wall float64, tag, content string) string {
		return fmt.Sprintf(`1:%.11g 2:0 5:{1:{1:%q 8:{1:1 2:{2:{1:1}} 5:"\x00\x00\x00\x00"} 9:{1:{1:"hparams" 2:{%s}} 4:2}}}`, wall, tag, content)
	}
	params := `1:{1:"epochs" 2:{2:2}} 1:{1:"learning_rate" 2:{2:0.001}} 1:{1:"momentum" 2:{2:0.5}} 1:{1:"nesterov" 2:{4:1}} ` +
		`1:{1:"optimizer" 2:{3:"sgd"}} 1:{1:"schedule" 2:{3:"{\"type\":\"cosine\"}"}} 1:{1:"wide-ü_" 2:{2:4}}`
	// Recorded half a second after the minute, behind three epochs of a second and a half.
	end := 1_800_000_000.5
	want := []string{head(end - 4.5), plugin(end-4.5, "_hparams_/session_start_info", fmt.Sprintf(`3:{%s 4:%q 5:%.11g}`, params, ids[0], end-4.5))}
	for e, score := range []float64{0.5, 0.6, 0.5} {
		wall := end - 1.5*float64(2-e)
		for i, tag := range []string{"accuracy/validation", "accuracy/train", "loss/validation", "loss/train", "f1_macro/validation", "learning_rate"} {
			want = append(want, scalar(wall, e+1, tag, []float64{score, score / 2, 2 - score, 1 - score, score / 3, 0.01 / float64(e+1)}[i]))
		}
		if e == 1 {
			want = append(want, scalar(wall, 2, "score", score/3))
		}
	}
	compare(ids[0]+"/repeat0-fold0/events.out.tfevents.1799999996.espalier", append(want, plugin(end, "_hparams_/session_end_info", fmt.Sprintf(`4:{1:1 2:%.11g}`, end)))...)
	end += 60
	compare(ids[0]+"/repeat0-fold1/events.out.tfevents.1800000060.espalier", head(end),
		plugin(end, "_hparams_/session_start_info", fmt.Sprintf(`3:{%s 4:%q 5:%.11g}`, params, ids[0], end)),
		plugin(end, "_hparams_/session_end_info", fmt.Sprintf(`4:{1:2 2:%.11g}`, end)))

	experiment := fmt.Sprintf(`1:"sweep ../../o,d\"d<b>, id %s, data %s, metric f1_macro, seed 9223372036854775807, version v1.2.3, kernel avx2" 3:1800000000.5`, s.Sweep.ID, searchtest.Info().Fingerprint)
	for _, axis := range []string{`1:"epochs" 4:3 5:{1:{2:2} 1:{2:3}}`, `1:"learning_rate" 4:3 5:{1:{2:0.001} 1:{2:1}}`, `1:"momentum" 4:3 5:{1:{2:0.5}}`,
		`1:"nesterov" 4:2 5:{1:{4:1} 1:{4:0}}`, `1:"optimizer" 4:1 5:{1:{3:"sgd"}}`, `1:"schedule" 4:1 5:{1:{3:"{\"type\":\"cosine\"}"}}`, `1:"wide-ü_" 4:3 5:{1:{2:4} 1:{2:8}}`} {
		experiment += " 4:{" + axis + "}"
	}
	experiment += ` 5:{1:{2:"score"} 3:"f1_macro that counts" 5:2}`
	for _, metric := range []string{`1:{2:"accuracy/validation"} 5:2`, `1:{2:"accuracy/train"} 5:1`, `1:{2:"loss/validation"} 5:2`, `1:{2:"loss/train"} 5:1`, `1:{2:"f1_macro/validation"} 5:2`} {
		experiment += " 5:{" + metric + "}"
	}
	compare("events.out.tfevents.1800000000.espalier", head(1_800_000_000.5), plugin(1_800_000_000.5, "_hparams_/experiment", `2:{`+experiment+` 6:"../../o,d\"d<b>"}`))
}

// TestFolders tells trials apart whose IDs begin alike, and names folds without repeats.
func TestFolders(t *testing.T) {
	names := map[string]string{}
	one, other := &Run{}, &Run{}
	one.Trial.Key[0], other.Trial.Key[0], other.Trial.Key[15] = 0xab, 0xab, 1
	for range 2 {
		if a, b := folderOf(one, names), folderOf(other, names); a != "ab000000" || b != "ab000000000000000000000000000001" {
			t.Errorf("folders %q and %q", a, b)
		}
	}
	s := material(t, searchtest.Small, 1)
	if name := s.foldName(&Run{Fold: 2}); name != "fold2" {
		t.Errorf("fold 2 is in folder %q", name)
	}
}
