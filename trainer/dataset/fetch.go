package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// remoteFile is one file of a set that can be fetched, with what it must be.
type remoteFile struct {
	name   string
	size   int64
	sha256 string
}

// remoteSet is a data set on the network.
type remoteSet struct {
	baseURL string
	files   []remoteFile
}

// remoteSets gives where the known sets come from. The sums are those of the files as Zalando
// publishes them; Debian's package holds the same data with other gzip headers.
func remoteSets() map[string]remoteSet {
	return map[string]remoteSet{
		"fashion-mnist": {
			baseURL: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
			files: []remoteFile{
				{"train-images-idx3-ubyte.gz", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
				{"train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
				{"t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
				{"t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
			},
		},
	}
}

// FetchOptions of Fetch; the zero value is what a user wants.
type FetchOptions struct {
	Dir      string              // folder that NAME is made in; "": CacheFolder()
	BaseURL  string              // a mirror, ending in a slash; "": the publisher's
	Client   *http.Client        // nil: http.DefaultClient
	Stall    time.Duration       // a connection without a byte for this long is given up; 0: 30 s
	Progress func(FetchProgress) // nil: none; called after every block
}

// FetchProgress is how far one file is.
type FetchProgress struct {
	File        string
	Done, Total int64 // bytes
}

// attempts is how often a file is asked for again in one call, as long as each brings bytes.
const attempts = 5

// Fetch downloads a known set to Dir/NAME and gives that folder. Every file is checked by its
// SHA-256; one that is there and right is left alone. A file grows as NAME.part and is renamed when
// it is whole and on disk, so what is there is never half a file; where the connection breaks the
// part stays, and the next call goes on from it.
func Fetch(ctx context.Context, name string, o FetchOptions) (folder string, err error) {
	set, ok := remoteSets()[name]
	if !ok {
		if known, ok := lookup(name); ok && known.Embedded {
			return "", fmt.Errorf("fetch %q: it is part of the program, nothing to fetch", name)
		}
		return "", fmt.Errorf("fetch %q: no such data set to fetch; known: fashion-mnist", name)
	}
	folder, err = fetchSet(ctx, name, set, o)
	if err != nil {
		return "", fmt.Errorf("fetch %s: %w", name, err)
	}
	return folder, nil
}

func fetchSet(ctx context.Context, name string, set remoteSet, o FetchOptions) (string, error) {
	if o.Dir == "" {
		cache, err := CacheFolder()
		if err != nil {
			return "", err
		}
		o.Dir = cache
	}
	if o.BaseURL == "" {
		o.BaseURL = set.baseURL
	}
	if !strings.HasSuffix(o.BaseURL, "/") {
		o.BaseURL += "/"
	}
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	if o.Stall == 0 {
		o.Stall = 30 * time.Second
	}
	if o.Progress == nil {
		o.Progress = func(FetchProgress) {}
	}
	folder := filepath.Join(o.Dir, name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	for _, file := range set.files {
		if err := o.fetchFile(ctx, folder, file); err != nil {
			return "", fmt.Errorf("%s: %w", file.name, err)
		}
	}
	return folder, nil
}

// fetchFile brings one file into its place.
func (o FetchOptions) fetchFile(ctx context.Context, folder string, file remoteFile) error {
	target := filepath.Join(folder, file.name)
	if sum, err := sumFile(target); err == nil && sum == file.sha256 {
		o.Progress(FetchProgress{file.name, file.size, file.size})
		return nil
	}
	part, err := os.OpenFile(target+".part", os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer part.Close()
	resumed, err := part.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if err := o.complete(ctx, part, file); err != nil {
		return err
	}
	sum, err := sumFile(part.Name())
	if err != nil {
		return err
	}
	if sum != file.sha256 && resumed > 0 {
		// The part may have been another download's: once more, from the start.
		if err := part.Truncate(0); err != nil {
			return err
		}
		if err := o.complete(ctx, part, file); err != nil {
			return err
		}
		if sum, err = sumFile(part.Name()); err != nil {
			return err
		}
	}
	if sum != file.sha256 {
		return errors.Join(fmt.Errorf("SHA-256 is %s, want %s: not the file that was published; thrown away", sum, file.sha256), os.Remove(part.Name()))
	}
	if err := part.Sync(); err != nil {
		return err
	}
	if err := os.Rename(part.Name(), target); err != nil {
		return err
	}
	return syncFolder(folder)
}

// complete asks for what the part lacks until it has the size of the file.
func (o FetchOptions) complete(ctx context.Context, part *os.File, file remoteFile) error {
	var last error
	for range attempts {
		have, err := part.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		if have > file.size {
			if err := part.Truncate(0); err != nil {
				return err
			}
			have = 0
		}
		if have == file.size {
			return nil
		}
		got, err := o.ask(ctx, part, have, file)
		if err != nil && (got == 0 || ctx.Err() != nil) {
			return err
		}
		last = err
	}
	if last == nil {
		last = errors.New("the connection ends early every time")
	}
	return last
}

// ask makes one request for the bytes from have on and appends what comes; got counts it.
func (o FetchOptions) ask(ctx context.Context, part *os.File, have int64, file remoteFile) (got int64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := fmt.Errorf("no byte for %v", o.Stall)
	watchdog := time.AfterFunc(o.Stall, func() { cancel(stalled) })
	defer watchdog.Stop()
	defer func() {
		if context.Cause(ctx) == stalled && err != nil {
			err = fmt.Errorf("%w (%d of %d bytes are kept)", stalled, have+got, file.size)
		}
	}()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.BaseURL+file.name, nil)
	if err != nil {
		return 0, err
	}
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := o.Client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusPartialContent && strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have)):
	case response.StatusCode == http.StatusOK:
		have = 0 // the server knows no ranges: the whole file comes
	default:
		return 0, fmt.Errorf("%s: the server says %s", request.URL, response.Status)
	}
	if length := response.ContentLength; length >= 0 && have+length != file.size {
		return 0, errors.Join(fmt.Errorf("%s: the server's file has %d bytes, the one that was published %d", request.URL, have+length, file.size), part.Truncate(0))
	}
	if err := part.Truncate(have); err != nil {
		return 0, err
	}
	if _, err := part.Seek(have, io.SeekStart); err != nil {
		return 0, err
	}
	buffer := make([]byte, 1<<16)
	for {
		n, err := response.Body.Read(buffer)
		watchdog.Reset(o.Stall)
		if have+got+int64(n) > file.size {
			return got, errors.Join(fmt.Errorf("%s: more than the %d bytes of the file that was published", request.URL, file.size), part.Truncate(0))
		}
		if _, err := part.Write(buffer[:n]); err != nil {
			return got, err
		}
		got += int64(n)
		if n > 0 {
			o.Progress(FetchProgress{file.name, have + got, file.size})
		}
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return got, fmt.Errorf("after %d of %d bytes, which are kept: %w", have+got, file.size, err)
		}
	}
}

func sumFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// syncFolder puts a rename on disk, where the system can.
func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, os.ErrInvalid) {
		return err
	}
	return nil
}
