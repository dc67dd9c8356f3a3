//go:build !(linux && (amd64 || arm64))

package storetest

import "os/exec"

// Join does nothing here.
func Join() error { return nil }

// Watch is not made here.
type Watch struct{}

// Wait is never called here.
func (*Watch) Wait() ([]Call, error) { return nil, ErrUnsupported }

// Start is ErrUnsupported.
func Start(*exec.Cmd, Rule) (*Watch, error) { return nil, ErrUnsupported }
