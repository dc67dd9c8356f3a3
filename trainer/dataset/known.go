package dataset

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The embedded sample: the first 600 training and first 100 test images of each class of
// Fashion-MNIST, in their original order, made by mini/make.
//
//go:embed mini/*.gz
var mini embed.FS

// systemFolder is where Debian's packages put data sets (dataset-fashion-mnist).
const systemFolder = "/usr/share/datasets"

var fashionClasses = []string{
	"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
	"Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
}

// KnownSet is a data set that a sweep file can name.
type KnownSet struct {
	Name        string
	Description string
	Embedded    bool     // part of the program
	Found       string   // the folder it was found in; "" where Embedded or not found
	Searched    []string // the folders looked at, in order; nil where Embedded
}

// knownSets are the names with a meaning of their own.
func knownSets() []KnownSet {
	return []KnownSet{
		{Name: "fashion-mnist", Description: "Zalando's article images: 60,000 + 10,000, 28×28 grey, 10 classes"},
		{Name: "fashion-mnist-mini", Embedded: true, Description: "the first 600 + 100 of each class of fashion-mnist: 6,000 + 1,000"},
	}
}

// Known lists the known data sets and where each is; folder is where the search starts, the sweep
// file's folder or the current one.
func Known(folder string) []KnownSet {
	sets := knownSets()
	for i := range sets {
		sets[i].search(folder)
	}
	return sets
}

func lookup(name string) (KnownSet, bool) {
	for _, k := range knownSets() {
		if k.Name == name {
			return k, true
		}
	}
	return KnownSet{}, false
}

func knownNames() []string {
	var names []string
	for _, k := range knownSets() {
		names = append(names, k.Name)
	}
	return names
}

// classNamesOf gives a folder that bears the name of a known set its class names, so that
// "/data/fashion-mnist" and "fashion-mnist" are the same data; nil for any other.
func classNamesOf(name string) []string {
	if name == "fashion-mnist" || name == "fashion-mnist-mini" {
		return fashionClasses
	}
	return nil
}

// search looks for the set: beside the sweep file, in $ESPALIER_DATA, in the user's cache folder and
// where the system keeps data sets.
func (k *KnownSet) search(folder string) {
	if k.Embedded {
		return
	}
	places := []string{folder}
	if folder == "" {
		places[0] = "."
	}
	if data := os.Getenv("ESPALIER_DATA"); data != "" {
		places = append(places, data)
	}
	if cache, err := CacheFolder(); err == nil {
		places = append(places, cache)
	}
	places = append(places, systemFolder)
	for _, place := range places {
		candidate := filepath.Join(place, k.Name)
		k.Searched = append(k.Searched, candidate)
		if k.Found == "" && holdsImages(candidate) {
			k.Found = candidate
		}
	}
}

func holdsImages(folder string) bool {
	s, err := findSplit(os.DirFS(folder), splitPrefixes.train)
	return err != nil || s.images != "" // half a split is found, and then refused with its reason
}

// CacheFolder is where fetched data sets are placed: "espalier" in the user's cache folder.
func CacheFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	return filepath.Join(cache, "espalier"), nil
}

func (k KnownSet) load(o Options) (*Set, error) {
	if k.Embedded {
		files, err := fs.Sub(mini, "mini")
		if err != nil {
			return nil, err
		}
		return loadFolder(files, k.Name, classNamesOf(k.Name), o)
	}
	k.search(o.Folder)
	if k.Found == "" {
		return nil, fmt.Errorf("not found; looked at\n  %s\nget it with: espalier data fetch %s", strings.Join(k.Searched, "\n  "), k.Name)
	}
	return loadFolder(os.DirFS(k.Found), k.Found, classNamesOf(k.Name), o)
}
