package crashdisk

import (
	"io"
	"syscall"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
)

// file is a file that is being written, always at its end.
type file struct {
	disk *Disk
	node *inode
	name string
	life int
}

// Write implements disk.File. At the limit of the disk it writes what fits.
func (f *file) Write(p []byte) (int, error) {
	defer f.disk.enter()()
	partly := func() { f.node.write(p[:f.disk.rand.IntN(len(p)+1)]) }
	if err := f.disk.op(f.life, partly, "write %s %d", f.name, len(p)); err != nil {
		half := p[:len(p)/2]
		f.node.write(half)
		return len(half), err
	}
	if room := f.disk.room(); room < int64(len(p)) {
		f.node.write(p[:room])
		return int(room), syscall.ENOSPC
	}
	f.node.write(p)
	return len(p), nil
}

func (d *Disk) room() int64 {
	if d.limit == 0 {
		return 1 << 62
	}
	used := int64(0)
	for _, n := range d.names {
		used += int64(len(n.data))
	}
	return max(d.limit-used, 0)
}

func (n *inode) write(p []byte) {
	if len(p) == 0 {
		return
	}
	from := len(n.data)
	n.data = append(n.data, p...)
	for page := from / pageSize; page <= (len(n.data)-1)/pageSize; page++ {
		n.dirty[page] = true
	}
}

// Sync implements disk.File.
func (f *file) Sync() error {
	defer f.disk.enter()()
	if err := f.disk.op(f.life, nothing, "sync %s", f.name); err != nil {
		clear(f.node.dirty)
		return err
	}
	n := f.node
	grown := make([]byte, len(n.data))
	copy(grown, n.synced)
	for page := range n.dirty {
		from, to := page*pageSize, min((page+1)*pageSize, len(n.data))
		copy(grown[from:to], n.data[from:to])
	}
	n.synced = grown
	clear(n.dirty)
	return nil
}

// Allocate implements disk.File.
func (f *file) Allocate(size int64) error { return disk.WriteZeros(f, size) }

// Close implements disk.File.
func (f *file) Close() error { return nil }

type reader struct {
	disk *Disk
	node *inode
	size int64
	life int
}

// ReadAt implements disk.Reader.
func (r *reader) ReadAt(p []byte, off int64) (int, error) {
	defer r.disk.enter()()
	if err := r.disk.op(r.life, nothing, "read"); err != nil {
		return 0, err
	}
	data := r.node.data
	if off >= int64(len(data)) {
		return 0, io.EOF
	}
	n := copy(p, data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Size implements disk.Reader.
func (r *reader) Size() int64 { return r.size }

// Close implements disk.Reader.
func (r *reader) Close() error { return nil }
