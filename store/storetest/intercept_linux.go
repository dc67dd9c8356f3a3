//go:build linux && (amd64 || arm64)

package storetest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// variable tells a child the descriptor of its end of the socket.
const variable = "STORETEST_SOCKET"

// data is what the kernel says of a call (struct seccomp_data).
type data struct {
	number  int32
	arch    uint32
	pointer uint64
	args    [6]uint64
}

// notice is struct seccomp_notif, answer struct seccomp_notif_resp.
type notice struct {
	id         uint64
	pid, flags uint32
	data       data
}

type answer struct {
	id           uint64
	value        int64
	error, flags int32
}

// Join is the child's part: from here on its calls wait for the test's word.
// Nothing happens in a process that Start did not start.
func Join() error {
	fd, err := strconv.Atoi(os.Getenv(variable))
	if err != nil {
		return nil
	}
	os.Unsetenv(variable)
	defer unix.Close(fd)
	listener, err := install()
	if err != nil {
		_ = unix.Sendmsg(fd, []byte(err.Error()), nil, nil, 0)
		return err
	}
	err = unix.Sendmsg(fd, []byte{0}, unix.UnixRights(listener), nil, 0)
	unix.Close(listener)
	if err == nil {
		_, _, _, _, err = unix.Recvmsg(fd, make([]byte, 1), nil, 0) // the test is listening
	}
	return err
}

// install puts the filter on every thread of the process and returns the
// descriptor to listen on.
func install() (int, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return -1, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	filter := program()
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	flags := uintptr(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_TSYNC | unix.SECCOMP_FILTER_FLAG_TSYNC_ESRCH)
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		return -1, fmt.Errorf("%w: seccomp: %w", ErrUnsupported, errno)
	}
	return int(fd), nil
}

// program is the filter: the calls that concern us wait, all others go on.
func program() []unix.SockFilter {
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	code := []unix.SockFilter{load(0)}
	numbers := make([]uint32, 0, len(calls))
	for n := range calls {
		numbers = append(numbers, uint32(n))
	}
	for i, n := range numbers {
		code = append(code, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: uint8(len(numbers) - i), K: n})
	}
	ret := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }
	return append(code, ret(unix.SECCOMP_RET_ALLOW), ret(unix.SECCOMP_RET_USER_NOTIF))
}

// A form says what a call does, and where its arguments name the file.
type form struct {
	kind string
	fd   int // argument with a descriptor; -1: none
	path int // argument with a path; -1: none
}

// calls are the system calls that Go's os package and bbolt make of files.
var calls = map[int]form{
	unix.SYS_OPENAT:     {Open, -1, 1},
	unix.SYS_READ:       {Read, 0, -1},
	unix.SYS_PREAD64:    {Read, 0, -1},
	unix.SYS_GETDENTS64: {List, 0, -1},
	unix.SYS_WRITE:      {Write, 0, -1},
	unix.SYS_PWRITE64:   {Write, 0, -1},
	unix.SYS_FTRUNCATE:  {Truncate, 0, -1},
	unix.SYS_FALLOCATE:  {Truncate, 0, -1},
	unix.SYS_FSYNC:      {Sync, 0, -1},
	unix.SYS_FDATASYNC:  {Sync, 0, -1},
	unix.SYS_RENAMEAT:   {Rename, -1, 3},
	unix.SYS_RENAMEAT2:  {Rename, -1, 3},
	unix.SYS_MKDIRAT:    {Mkdir, -1, 1},
	unix.SYS_UNLINKAT:   {Remove, -1, 1},
	unix.SYS_FLOCK:      {Lock, 0, -1},
}

// Watch is a child whose calls are decided on.
type Watch struct {
	rule     Rule
	pid      int // of the child
	listener int
	done     sync.WaitGroup
	calls    []Call
	err      error
}

// Start starts a child that calls Join, under a rule. The caller waits for the
// child, then for the Watch.
func Start(cmd *exec.Cmd, r Rule) (*Watch, error) {
	folder, err := filepath.EvalSymlinks(r.Folder)
	if err != nil {
		return nil, err
	}
	r.Folder = folder
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(pair[0])
	theirs := os.NewFile(uintptr(pair[1]), "storetest")
	cmd.ExtraFiles = append(cmd.ExtraFiles, theirs)
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", variable, 2+len(cmd.ExtraFiles)))
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		return nil, err
	}
	w := &Watch{rule: r, pid: cmd.Process.Pid}
	if w.listener, err = receive(pair[0]); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, err
	}
	w.done.Go(func() {
		defer unix.Close(w.listener)
		w.err = w.serve()
	})
	if err := unix.Sendmsg(pair[0], []byte{0}, nil, nil, 0); err != nil {
		return nil, err
	}
	return w, nil
}

// receive takes the listener from the child.
func receive(socket int) (int, error) {
	text, rights := make([]byte, 512), make([]byte, unix.CmsgSpace(4))
	n, have, _, _, err := unix.Recvmsg(socket, text, rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return -1, err
	}
	if have == 0 {
		return -1, fmt.Errorf("%w: the child says %q", ErrUnsupported, text[:n])
	}
	messages, err := unix.ParseSocketControlMessage(rights[:have])
	if err != nil {
		return -1, err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return -1, err
	}
	return fds[0], nil
}

// Wait waits until the child has ended and gives the calls that counted, in order.
func (w *Watch) Wait() ([]Call, error) {
	w.done.Wait()
	return w.calls, w.err
}

// serve answers until no thread of the child is left.
func (w *Watch) serve() error {
	for {
		ready := []unix.PollFd{{Fd: int32(w.listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, -1); err != nil {
			if errors.Is(err, unix.EINTR) {
				continue
			}
			return err
		}
		if ready[0].Revents&unix.POLLIN == 0 {
			return nil // hung up
		}
		var n notice
		if errno := ioctl(w.listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&n)); errno != 0 {
			if errno == unix.ENOENT || errno == unix.EINTR { // killed meanwhile
				continue
			}
			return errno
		}
		a := w.decide(&n)
		if errno := ioctl(w.listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&a)); errno != 0 && errno != unix.ENOENT {
			return errno
		}
	}
}

func ioctl(fd int, request uintptr, argument unsafe.Pointer) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(argument))
	return errno
}

// decide answers one call.
func (w *Watch) decide(n *notice) answer {
	goOn := answer{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
	call, ok := describe(n)
	if !ok || !w.rule.counts(call) {
		return goOn
	}
	call.Failed = w.rule.fails(len(w.calls) + 1)
	w.calls = append(w.calls, call)
	if !call.Failed {
		return goOn
	}
	if w.rule.Short && call.Kind == Write && len(w.calls) == w.rule.At && n.data.args[2] > 1 {
		if wrote, err := half(w.pid, n); err == nil {
			return answer{id: n.id, value: int64(wrote)}
		}
	}
	return answer{id: n.id, error: -int32(w.rule.Errno)}
}

// describe finds out which file a call is about.
func describe(n *notice) (c Call, ok bool) {
	f := calls[int(n.data.number)]
	c.Kind = f.kind
	if f.fd >= 0 {
		path, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", n.pid, int32(n.data.args[f.fd])))
		c.Path = strings.TrimSuffix(path, " (deleted)")
		return c, err == nil && filepath.IsAbs(path)
	}
	path, err := text(int(n.pid), uintptr(n.data.args[f.path]))
	if err != nil {
		return c, false
	}
	if !filepath.IsAbs(path) {
		folder, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", n.pid))
		if err != nil {
			return c, false
		}
		path = filepath.Join(folder, path)
	}
	if f.kind == Open && n.data.args[2]&unix.O_CREAT != 0 {
		c.Kind = Create
	}
	c.Path = path
	return c, true
}

// text reads a string in the memory of a thread, which may end close to the end of a mapping.
func text(pid int, at uintptr) (string, error) {
	var b []byte
	for len(b) < unix.PathMax {
		part := make([]byte, 256-at%256)
		if err := peek(pid, at, part); err != nil {
			return "", err
		}
		if i := strings.IndexByte(string(part), 0); i >= 0 {
			return string(append(b, part[:i]...)), nil
		}
		b = append(b, part...)
		at += uintptr(len(part))
	}
	return "", unix.ENAMETOOLONG
}

// peek reads the memory of a thread.
func peek(pid int, at uintptr, into []byte) error {
	local := []unix.Iovec{{Base: &into[0]}}
	local[0].SetLen(len(into))
	n, err := unix.ProcessVMReadv(pid, local, []unix.RemoteIovec{{Base: at, Len: len(into)}}, 0)
	if err == nil && n < len(into) {
		err = unix.EFAULT
	}
	return err
}

// half does the first half of a write in the child's name.
func half(pid int, n *notice) (int, error) {
	b := make([]byte, n.data.args[2]/2)
	if err := peek(int(n.pid), uintptr(n.data.args[1]), b); err != nil {
		return 0, err
	}
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(process)
	fd, err := unix.PidfdGetfd(process, int(n.data.args[0]), 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	if n.data.number == unix.SYS_PWRITE64 {
		return unix.Pwrite(fd, b, int64(n.data.args[3]))
	}
	return unix.Write(fd, b)
}
