package main

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const kernels = "../.." // where the generated files lie

// TestGenerated checks that the committed files are what the generator writes.
func TestGenerated(t *testing.T) {
	dir := t.TempDir()
	for _, u := range units() {
		u.write(u)
		if err := u.save(dir); err != nil {
			t.Fatalf("unit %s: %v", u.name, err)
		}
		for _, name := range []string{u.name + "_arm64.s", u.name + "_stub_arm64.go"} {
			want, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(kernels, name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what the generator writes: run go generate in package kernel", name)
			}
		}
	}
}

// TestEncodings has a disassembler read every WORD and compares with the comment behind it.
func TestEncodings(t *testing.T) {
	objdump, err := exec.LookPath("aarch64-linux-gnu-objdump")
	if err != nil {
		t.Skip("no disassembler for arm64 (Debian: binutils-aarch64-linux-gnu)")
	}
	files, err := filepath.Glob(filepath.Join(kernels, "*_arm64.s"))
	if err != nil {
		t.Fatal(err)
	}
	var code []byte
	var comments []string
	line := regexp.MustCompile(`(?m)^\tWORD +\$0x([0-9a-f]{8}) +// (.*)$`)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found := line.FindAllSubmatch(text, -1)
		if n := bytes.Count(text, []byte("WORD")) - bytes.Count(text, []byte("A WORD is")); n != len(found) {
			t.Errorf("%s: %d of its %d WORDs have a comment", name, len(found), n)
		}
		for _, m := range found {
			w, err := strconv.ParseUint(string(m[1]), 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			code = binary.LittleEndian.AppendUint32(code, uint32(w))
			comments = append(comments, strings.ToLower(string(m[2])))
		}
	}
	if len(comments) < 1000 {
		t.Fatalf("found %d WORDs only", len(comments))
	}
	raw := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(raw, code, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(objdump, "-D", "-b", "binary", "-m", "aarch64", raw).Output()
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for _, m := range regexp.MustCompile(`(?m)^ *[0-9a-f]+:\t[0-9a-f]{8} \t(\S+)\t(.*)$`).FindAllSubmatch(out, -1) {
		if i < len(comments) {
			if got := string(m[1]) + " " + string(m[2]); got != comments[i] {
				t.Errorf("a WORD said to be %q is %q", comments[i], got)
			}
		}
		i++
	}
	if i != len(comments) {
		t.Errorf("the disassembler read %d instructions of %d", i, len(comments))
	}
}
