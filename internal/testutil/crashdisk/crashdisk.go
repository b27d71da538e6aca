// Package crashdisk is a file system in memory that takes away whatever was not
// promised: at a crash, contents and names that were not synced are lost, kept
// or torn, page by page and name by name, and a chosen operation fails or is the
// last one before the crash.
package crashdisk

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
)

// pageSize is what is written or lost as a whole: small, so that short files are
// torn in many places.
const pageSize = 64

// Crash is how much survives that was not synced.
type Crash int

// The ways to crash.
const (
	// Kill ends the process: the page cache survives.
	Kill Crash = iota
	// Lose keeps nothing that was not synced.
	Lose
	// Tear keeps a random part of it.
	Tear
	// Crashes is the number of ways.
	Crashes
)

// Crashed is what an operation panics with at which the crash was ordered.
type Crashed struct{}

// Disk implements disk.FS. It is safe for concurrent use, and the order of
// operations is the order of calls.
type Disk struct {
	mu    sync.Mutex
	rand  *rand.Rand
	names map[string]*inode
	// durable are the names that are synced, and pending the changes since.
	durable map[string]*inode
	pending []change
	locks   map[string]*lock
	life    int // grows with each crash: handles of an earlier one are dead
	ops     int
	faults  map[int]error // by operation; nil: crash
	limit   int64         // bytes of all files; 0: none
	log     []string
}

// change is a change of a directory: a name that appears, vanishes, or does both
// at one stroke.
type change struct {
	dir      string
	from, to string // either may be empty
	node     *inode
}

type inode struct {
	data   []byte // as the process sees it
	synced []byte
	dirty  map[int]bool // pages that the next sync writes
}

var _ disk.FS = (*Disk)(nil)

// New returns an empty disk. What a crash tears is drawn from seed.
func New(seed uint64) *Disk {
	return &Disk{
		rand:  rand.New(rand.NewPCG(seed, 0)),
		names: map[string]*inode{}, durable: map[string]*inode{},
		locks: map[string]*lock{}, faults: map[int]error{},
	}
}

// Ops is the number of operations so far.
func (d *Disk) Ops() int { return d.ops }

// Log is the operations so far.
func (d *Disk) Log() []string { return d.log }

// CrashAt lets the n-th operation from now be the last one: it has a part of its
// effect, and panics with Crashed.
func (d *Disk) CrashAt(n int) { d.faults[d.ops+n] = nil }

// FailAt lets the n-th operation from now fail. A failing Sync takes the dirty
// pages for written, as kernels do: the next one succeeds and they are lost.
func (d *Disk) FailAt(n int, err error) { d.faults[d.ops+n] = err }

// Limit bounds the bytes of all files; writes beyond fail with ENOSPC.
func (d *Disk) Limit(bytes int64) { d.limit = bytes }

// Reboot ends the process, and with it all handles and locks.
func (d *Disk) Reboot(how Crash) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.life++
	clear(d.faults)
	clear(d.locks)
	if how == Kill {
		return
	}
	names := maps.Clone(d.durable)
	for _, c := range d.pending {
		if how == Tear && d.rand.IntN(2) == 0 {
			c.apply(names)
		}
	}
	d.names, d.durable, d.pending = names, maps.Clone(names), nil
	torn := map[*inode]bool{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if n := names[name]; !torn[n] {
			torn[n] = true
			n.crash(how, d.rand)
		}
	}
}

func (c *change) apply(names map[string]*inode) {
	if c.from != "" {
		delete(names, c.from)
	}
	if c.to != "" {
		names[c.to] = c.node
	}
}

// crash leaves what is durable, and random pages of the rest.
func (n *inode) crash(how Crash, r *rand.Rand) {
	kept := n.synced
	if how == Tear {
		kept = n.tear(r)
	}
	n.data, n.synced, n.dirty = kept, slices.Clone(kept), map[int]bool{}
}

func (n *inode) tear(r *rand.Rand) []byte {
	length := len(n.synced)
	if len(n.data) != length {
		length = min(length, len(n.data)) + r.IntN(max(len(n.data)-length, length-len(n.data))+1)
	}
	kept := make([]byte, length)
	copy(kept, n.synced)
	for from := 0; from < length; from += pageSize {
		to := min(from+pageSize, length, len(n.data))
		if from < to && r.IntN(2) == 0 {
			copy(kept[from:to], n.data[from:to])
		}
	}
	return kept
}

// Flip changes a bit of a file, as a failing disk does.
func (d *Disk) Flip(name string, bit int) {
	n := d.names[name]
	n.data[bit/8] ^= 1 << (bit % 8)
	n.synced = slices.Clone(n.data)
}

// Files are the names of all files, sorted.
func (d *Disk) Files() []string { return slices.Sorted(maps.Keys(d.names)) }

// Clone is a disk with the same files, all of them durable.
func (d *Disk) Clone(seed uint64) *Disk {
	c := New(seed)
	for name, n := range d.names {
		c.names[name] = &inode{data: slices.Clone(n.data), synced: slices.Clone(n.data), dirty: map[int]bool{}}
	}
	c.durable = maps.Clone(c.names)
	return c
}

// op counts an operation; partly is what happens of it at a crash.
func (d *Disk) op(life int, partly func(), format string, args ...any) error {
	if life != d.life {
		return fmt.Errorf("the handle is of an earlier process: %w", fs.ErrClosed)
	}
	d.ops++
	what := fmt.Sprintf(format, args...)
	d.log = append(d.log, what)
	err, is := d.faults[d.ops]
	switch {
	case !is:
		return nil
	case err == nil:
		partly()
		panic(Crashed{})
	}
	return fmt.Errorf("%s: %w", what, err)
}

func nothing() {}

func (d *Disk) enter() func() {
	d.mu.Lock()
	return d.mu.Unlock
}

// MkdirAll implements disk.FS: directories always exist.
func (d *Disk) MkdirAll(string) error { return nil }

func (d *Disk) note(c change) {
	c.apply(d.names)
	d.pending = append(d.pending, c)
}

// Create implements disk.FS.
func (d *Disk) Create(name string) (disk.File, error) {
	defer d.enter()()
	made := func() {
		d.note(change{dir: path.Dir(name), to: name, node: &inode{dirty: map[int]bool{}}})
	}
	if err := d.op(d.life, made, "create %s", name); err != nil {
		return nil, err
	}
	made()
	return &file{disk: d, node: d.names[name], name: name, life: d.life}, nil
}

// Append implements disk.FS.
func (d *Disk) Append(name string) (disk.File, error) {
	defer d.enter()()
	n, err := d.find(name)
	if err != nil {
		return nil, err
	}
	if err := d.op(d.life, nothing, "append %s", name); err != nil {
		return nil, err
	}
	return &file{disk: d, node: n, name: name, life: d.life}, nil
}

func (d *Disk) find(name string) (*inode, error) {
	n, ok := d.names[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return n, nil
}

// Open implements disk.FS.
func (d *Disk) Open(name string) (disk.Reader, error) {
	defer d.enter()()
	n, err := d.find(name)
	if err != nil {
		return nil, err
	}
	if err := d.op(d.life, nothing, "open %s", name); err != nil {
		return nil, err
	}
	return &reader{disk: d, node: n, size: int64(len(n.data)), life: d.life}, nil
}

// Rename implements disk.FS.
func (d *Disk) Rename(from, to string) error {
	defer d.enter()()
	n, err := d.find(from)
	if err != nil {
		return err
	}
	done := func() { d.note(change{dir: path.Dir(to), from: from, to: to, node: n}) }
	if err := d.op(d.life, done, "rename %s %s", from, to); err != nil {
		return err
	}
	done()
	return nil
}

// Remove implements disk.FS.
func (d *Disk) Remove(name string) error {
	defer d.enter()()
	if _, err := d.find(name); err != nil {
		return err
	}
	done := func() { d.note(change{dir: path.Dir(name), from: name}) }
	if err := d.op(d.life, done, "remove %s", name); err != nil {
		return err
	}
	done()
	return nil
}

// List implements disk.FS.
func (d *Disk) List(dir string) ([]disk.Info, error) {
	defer d.enter()()
	if err := d.op(d.life, nothing, "list %s", dir); err != nil {
		return nil, err
	}
	var found []disk.Info
	for _, name := range d.Files() {
		if path.Dir(name) == dir {
			found = append(found, disk.Info{Name: path.Base(name), Size: int64(len(d.names[name].data))})
		}
	}
	return found, nil
}

// SyncDir implements disk.FS.
func (d *Disk) SyncDir(dir string) error {
	defer d.enter()()
	if err := d.op(d.life, nothing, "syncdir %s", dir); err != nil {
		return err
	}
	left := d.pending[:0]
	for _, c := range d.pending {
		if c.dir == dir {
			c.apply(d.durable)
		} else {
			left = append(left, c)
		}
	}
	d.pending = left
	return nil
}

type lock struct {
	disk *Disk
	name string
}

// Close lets go of the lock.
func (l *lock) Close() error {
	defer l.disk.enter()()
	if l.disk.locks[l.name] == l {
		delete(l.disk.locks, l.name)
	}
	return nil
}

// Lock implements disk.FS.
func (d *Disk) Lock(name string) (io.Closer, error) {
	defer d.enter()()
	if d.locks[name] != nil {
		return nil, disk.ErrLocked
	}
	l := &lock{disk: d, name: name}
	d.locks[name] = l
	return l, nil
}

// Under are the files below a directory, sorted.
func (d *Disk) Under(dir string) []string {
	var found []string
	for _, name := range d.Files() {
		if strings.HasPrefix(name, dir+"/") {
			found = append(found, name)
		}
	}
	return found
}

// Run runs a life of a process, and reports whether it ended in a crash.
func (d *Disk) Run(life func()) (crashed bool) {
	defer func() {
		switch why := recover(); why.(type) {
		case nil:
		case Crashed:
			crashed = true
		default:
			panic(why)
		}
	}()
	life()
	return false
}
