package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"espalier/search"
	"espalier/search/report"
	"espalier/search/report/page"
	"espalier/search/report/web"
	"espalier/store"
)

// serveFlags are what serve takes.
type serveFlags struct {
	addr  string
	token string
	hosts []string
}

// tokenLength is what a token of the user's own must have at least.
const tokenLength = 16

// serveCommand is serve.
func (p *program) serveCommand() *cobra.Command {
	f := serveFlags{}
	cmd := &cobra.Command{
		Use:   "serve [SWEEP]",
		Short: "the report in a browser, live while a sweep runs",
		Long: `Shows the pages of report in a browser and keeps them up to date while a sweep runs: progress, curves growing by
the epoch, the leaderboard moving. It only reads, never blocks the run, and answers before, during and after it.
Without SWEEP it shows every sweep of the store. It prints the address to open; Ctrl-C ends it.

Only this machine can connect, unless --addr says otherwise; then a token is part of the address. The token is
--token, else $ESPALIER_TOKEN, else drawn anew. What is sent is not encrypted: through networks of others, go
through ssh -L.`,
		Example: `  espalier serve
  espalier serve fashion-mlp --addr 127.0.0.1:8080
  espalier serve --addr 0.0.0.0:8080 --host trainer.example.org`,
		Args:              arguments,
		ValidArgsFunction: p.completeSweeps,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.serve(cmd.Context(), args, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "127.0.0.1:0", "listen on this `HOST:PORT`; port 0 is any that is free")
	flags.StringVar(&f.token, "token", "", "ask every visitor for this `TOKEN`")
	flags.StringSliceVar(&f.hosts, "host", nil, "answer under this `NAME` too, beside addresses and this machine's name")
	return cmd
}

func (p *program) serve(ctx context.Context, args []string, f serveFlags) error {
	local, err := checkAddress(f.addr)
	if err != nil {
		return err
	}
	token := f.token
	if token == "" {
		token = os.Getenv("ESPALIER_TOKEN")
	}
	switch {
	case token == "" && !local:
		token = rand.Text()
	case token != "" && len(token) < tokenLength:
		return usagef("--token: want at least %d characters, have %d", tokenLength, len(token))
	}
	l, err := p.openReader()
	if err != nil {
		return err
	}
	defer l.Close()
	o := web.Options{Token: token, Hosts: f.hosts, Version: programVersion()}
	if name, err := os.Hostname(); err == nil {
		o.Hosts = append(o.Hosts, name)
	}
	o.Figures = func(ctx context.Context, _ search.Enrolment, s *search.Sweep) ([]page.Figure, []page.Missing, error) {
		return p.pageFigures(ctx, l, s)
	}
	if len(args) == 1 {
		e, err := p.findSweep(ctx, l, args)
		if err != nil {
			return err
		}
		o.Only = &e.ID
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.addr)
	if err != nil {
		var at *net.OpError
		if errors.As(err, &at) {
			err = at.Err
		}
		return hint(fmt.Errorf("listen on %s: %w", printable(f.addr), err), "another port: --addr 127.0.0.1:0 takes any that is free")
	}
	defer listener.Close()
	p.graceful.Store(true)
	if _, err := fmt.Fprintln(p.out, serveURL(listener.Addr(), token)); err != nil {
		return err
	}
	p.say("Ctrl-C ends it")
	return web.New(l, o).Serve(ctx, listener)
}

// checkAddress tells whether an address is this machine's own to itself. A name other
// than localhost is not: what it means is decided elsewhere.
func checkAddress(addr string) (local bool, err error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || port == "" {
		return false, usage(fmt.Errorf("--addr %q: want HOST:PORT", addr), "example: --addr 127.0.0.1:8080")
	}
	if host == "localhost" {
		return true, nil
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback(), nil
}

// serveURL is the address to open in a browser.
func serveURL(addr net.Addr, token string) string {
	u := url.URL{Scheme: "http", Host: addr.String(), Path: "/"}
	if host, port, err := net.SplitHostPort(u.Host); err == nil {
		// Listening everywhere is no address to go to.
		if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
			name, err := os.Hostname()
			if err != nil || strings.ContainsAny(name, "/:@") {
				name = "127.0.0.1"
			}
			u.Host = net.JoinHostPort(name, port)
		}
	}
	if token != "" {
		u.RawQuery = url.Values{"token": {token}}.Encode()
	}
	return u.String()
}

// pageFigures draws the figures of a sweep for a page.
func (p *program) pageFigures(ctx context.Context, l *store.Reader, s *search.Sweep) ([]page.Figure, []page.Missing, error) {
	m, err := p.material(ctx, l, s, "")
	if err != nil {
		return nil, nil, err
	}
	figures, left, err := report.Figures(ctx, m)
	if err != nil {
		return nil, nil, fmt.Errorf("draw sweep %q: %w", s.File.Name, err)
	}
	return pageDrawings(figures, left)
}
