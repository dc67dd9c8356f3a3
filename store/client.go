package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"espalier/grids"
	"espalier/search"
)

// client is a source at the other end of a runner's socket. It lives for one
// question, and so does its context.
type client struct {
	http  http.Client
	fetch func(path string, query url.Values, limit int64) (http.Header, []byte, error)
}

// answerTimeout is how long a runner may take to begin its answer. One that is
// stopped (Ctrl-Z) has a socket that connects and stays silent.
const answerTimeout = 3 * time.Second

func newClient(ctx context.Context, socket string) *client {
	c := &client{}
	c.http.Timeout = time.Minute
	c.http.Transport = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			d := net.Dialer{Timeout: answerTimeout}
			return d.DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives:     true,
		DisableCompression:    true,
		ResponseHeaderTimeout: answerTimeout,
	}
	c.fetch = func(path string, query url.Values, limit int64) (http.Header, []byte, error) {
		return c.ask(ctx, path, query, limit)
	}
	return c
}

func (c *client) close() { c.http.CloseIdleConnections() }

// ask gets one answer of at most limit bytes. Where nobody answers, or the
// answer breaks off, the error is errRoute; where the runner is there and
// silent, it says so.
func (c *client) ask(ctx context.Context, path string, query url.Values, limit int64) (http.Header, []byte, error) {
	target := url.URL{Scheme: "http", Host: "espalier", Path: "/v1/" + path, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	answer, err := c.http.Do(request)
	if err != nil {
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() && ctx.Err() == nil {
			return nil, nil, fmt.Errorf("the runner holds it and has not answered within %s", answerTimeout)
		}
		return nil, nil, errors.Join(errRoute, ctx.Err())
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	switch {
	case err != nil:
		return nil, nil, errors.Join(errRoute, ctx.Err())
	case int64(len(body)) > limit:
		return nil, nil, fmt.Errorf("the runner's answer to %s is beyond %d bytes", path, limit)
	case answer.StatusCode == http.StatusServiceUnavailable: // it is about to end
		return nil, nil, errRoute
	case answer.StatusCode != http.StatusOK:
		return nil, nil, fmt.Errorf("the runner refuses %s: %s", path, strings.TrimSpace(string(body[:min(len(body), 500)])))
	}
	return answer.Header, body, nil
}

// Headers of answers that are records.
const (
	headGeneration = "Espalier-Generation"
	headSequence   = "Espalier-Sequence" // of a history; of the newest fact
	headMore       = "Espalier-More"
)

func (c *client) batch(id search.SweepID, q batchQuery) (batch, error) {
	query := url.Values{
		"sweep": {id.String()},
		"after": {strconv.FormatUint(q.after, 10)},
		"until": {strconv.FormatUint(q.until, 10)},
	}
	head, body, err := c.records("facts", query)
	if err != nil {
		return batch{}, err
	}
	return batch{generation: head.generation, last: head.sequence, more: head.more, frames: body}, nil
}

func (c *client) history(id search.SweepID, trial grids.Key, slot int) (rawHistory, bool, error) {
	query := url.Values{"sweep": {id.String()}, "trial": {fmt.Sprintf("%x", trial[:])}, "slot": {strconv.Itoa(slot)}}
	head, body, err := c.records("history", query)
	if err != nil || len(body) == 0 {
		return rawHistory{}, false, err
	}
	return rawHistory{generation: head.generation, sequence: head.sequence, value: body}, true, nil
}

// get is fetch for an answer without headers of interest.
func (c *client) get(path string, limit int64) ([]byte, error) {
	_, body, err := c.fetch(path, nil, limit)
	return body, err
}

func (c *client) sweeps() (list []search.Enrolment, err error) {
	text, err := c.get("sweeps", 1<<30)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read the runner's list of sweeps: %w", err)
	}
	return list, nil
}

// recordHead is what the headers of an answer say.
type recordHead struct {
	generation, sequence uint64
	more                 bool
}

// write sends an answer of records.
func (h recordHead) write(w http.ResponseWriter, body []byte) {
	head := w.Header()
	head.Set(headGeneration, strconv.FormatUint(h.generation, 10))
	head.Set(headSequence, strconv.FormatUint(h.sequence, 10))
	head.Set(headMore, strconv.FormatBool(h.more))
	head.Set("Content-Type", "application/octet-stream")
	head.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
}

// records gets an answer of records and reads its headers.
func (c *client) records(path string, query url.Values) (h recordHead, body []byte, err error) {
	head, body, err := c.fetch(path, query, recordLimit+8*runnerBatch)
	if err != nil {
		return h, nil, err
	}
	var errs [3]error
	h.generation, errs[0] = strconv.ParseUint(head.Get(headGeneration), 10, 64)
	h.sequence, errs[1] = strconv.ParseUint(head.Get(headSequence), 10, 64)
	h.more, errs[2] = strconv.ParseBool(head.Get(headMore))
	if err := errors.Join(errs[:]...); err != nil {
		return h, nil, fmt.Errorf("read the runner's answer to %s: %w", path, err)
	}
	return h, body, nil
}
