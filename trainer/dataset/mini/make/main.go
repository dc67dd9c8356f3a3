// Command make writes the embedded sample of Fashion-MNIST: the first 600 training and the first
// 100 test images of each class, in their original order. Its output is a function of its input:
//
//	go run ./trainer/dataset/mini/make -from /usr/share/datasets/fashion-mnist -to trainer/dataset/mini
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	from := flag.String("from", "/usr/share/datasets/fashion-mnist", "folder of the four original files")
	to := flag.String("to", "trainer/dataset/mini", "folder to write to")
	flag.Parse()
	for _, split := range []struct {
		prefix   string
		perClass int
	}{{"train", 600}, {"t10k", 100}} {
		if err := sample(*from, *to, split.prefix, split.perClass); err != nil {
			fmt.Fprintln(os.Stderr, "make:", err)
			os.Exit(1)
		}
	}
}

// sample copies the first perClass images of each class of one split.
func sample(from, to, prefix string, perClass int) error {
	imagesName, labelsName := prefix+"-images-idx3-ubyte.gz", prefix+"-labels-idx1-ubyte.gz"
	images, err := unpack(filepath.Join(from, imagesName))
	if err != nil {
		return err
	}
	labels, err := unpack(filepath.Join(from, labelsName))
	if err != nil {
		return err
	}
	const imagesHeader, labelsHeader = 16, 8
	if len(images) < imagesHeader || len(labels) < labelsHeader {
		return fmt.Errorf("%s or %s: no header", imagesName, labelsName)
	}
	size := int(binary.BigEndian.Uint32(images[8:]) * binary.BigEndian.Uint32(images[12:]))
	if n := len(labels) - labelsHeader; len(images) != imagesHeader+n*size {
		return fmt.Errorf("%s and %s do not agree", imagesName, labelsName)
	}
	outImages, outLabels := bytes.Clone(images[:imagesHeader]), bytes.Clone(labels[:labelsHeader])
	var taken [256]int
	total := 0
	for i, label := range labels[labelsHeader:] {
		if taken[label] == perClass {
			continue
		}
		taken[label]++
		total++
		at := imagesHeader + i*size
		outImages = append(outImages, images[at:at+size]...)
		outLabels = append(outLabels, label)
	}
	binary.BigEndian.PutUint32(outImages[4:], uint32(total))
	binary.BigEndian.PutUint32(outLabels[4:], uint32(total))
	if err := pack(filepath.Join(to, imagesName), outImages); err != nil {
		return err
	}
	return pack(filepath.Join(to, labelsName), outLabels)
}

func unpack(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return io.ReadAll(z)
}

// pack writes a gzip file without a name or a time in its header.
func pack(path string, data []byte) error {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
