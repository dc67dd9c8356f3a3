// Package storetest makes the system calls of a process fail, one after the
// other, so that tests can show what a fault of the disk costs.
//
// bbolt opens, writes and syncs its file itself, and so do the standard
// library's helpers; a file system of our own (store.FileSystem) sees none of
// that. Here the kernel stops the whole program at each call that concerns a
// folder (seccomp's user notification, Linux 5.7) and the test that started it
// decides: let it go on, fail it, or write only half. With a fault at the first
// call, then at the second, and so on until no call is left, every place where a
// disk can fail has failed once, as SQLite's tests do it.
//
// The child calls Join before it does anything; the test starts it with Start.
// Other systems, and containers that forbid it, get ErrUnsupported.
//
// Rejected: strace's injection counts calls by thread, and Go moves between
// threads; LD_PRELOAD needs libc, which a static program has not; FUSE needs
// a mount.
package storetest

import (
	"errors"
	"slices"
	"strings"
	"syscall"
)

// ErrUnsupported is for systems that cannot do it.
var ErrUnsupported = errors.New("the system calls of a child cannot be intercepted here")

// What a system call does to a file, as Rule and Call name it.
const (
	Create   = "create" // open that may make a file
	Open     = "open"
	Read     = "read"
	List     = "list" // the entries of a folder
	Write    = "write"
	Truncate = "truncate" // also to a greater size
	Sync     = "sync"     // of a file or a folder
	Rename   = "rename"
	Mkdir    = "mkdir"
	Remove   = "remove"
	Lock     = "lock"
)

// Rule says which calls of a process fail, and how. The zero value fails none.
type Rule struct {
	Folder  string        // calls on this folder and what lies in it count, no others
	Kinds   []string      // kinds that count; nil: all
	At      int           // the one that fails, from 1; 0: none
	Lasting bool          // and all that follow
	Errno   syscall.Errno // how
	Short   bool          // a write that fails first writes half of its bytes
}

// Call is a call that counted.
type Call struct {
	Kind, Path string
	Failed     bool
}

// String is "write espalier.db".
func (c Call) String() string {
	return c.Kind + " " + c.Path[strings.LastIndexByte(c.Path, '/')+1:]
}

// counts tells whether a call is one of the rule's.
func (r Rule) counts(c Call) bool {
	inside := c.Path == r.Folder || strings.HasPrefix(c.Path, r.Folder+"/")
	return inside && (r.Kinds == nil || slices.Contains(r.Kinds, c.Kind))
}

// fails tells whether the nth call that counts is to fail.
func (r Rule) fails(n int) bool { return r.At > 0 && (n == r.At || n > r.At && r.Lasting) }
