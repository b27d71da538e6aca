package doctor

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
)

// Spool is where an output keeps records on local disk.
type Spool struct {
	// Dir is its directory; empty for no spool.
	Dir string
	// MaxSize is how much it may take.
	MaxSize int64
}

// slowSync is how long a sync may take before it is worth a word: calls wait for
// one.
const slowSync = 50 * time.Millisecond

// spool tries the directory of the spool: to write, to sync, and whether there is
// room.
func (d *doctor) spool() {
	if d.cfg.Spool.Dir == "" {
		return
	}
	took, err := trySync(d.cfg.Spool.Dir)
	if err != nil {
		d.report.add(Row{
			Check: "spool", Result: Fails, Matters: Required,
			Detail: fmt.Sprintf("%v: give the process a directory that it may write to, on a disk of its own", err),
		})
		return
	}
	detail := fmt.Sprintf("a sync takes %s", took.Round(100*time.Microsecond))
	row := Row{Check: "spool", Result: Works, Matters: Required, Detail: detail}
	free, err := disk.Free(d.cfg.Spool.Dir)
	switch {
	case err == nil && free < d.cfg.Spool.MaxSize:
		row.Result, row.Matters = Fails, Recommended
		row.Detail = fmt.Sprintf("%s are free on the disk of %s, less than spool.max_size (%s): lower that, or take a larger disk, or the spool is full before it says so",
			humanize.IBytes(uint64(max(free, 0))), d.cfg.Spool.Dir, humanize.IBytes(uint64(d.cfg.Spool.MaxSize)))
	case took > slowSync:
		row.Result, row.Matters = Fails, Recommended
		row.Detail += ", and each call waits for one: a faster disk makes answers faster"
	}
	d.report.add(row)
}

// trySync writes a file, syncs it and its directory, and removes it. It tells how
// long the syncs took.
func trySync(dir string) (took time.Duration, err error) {
	fs := disk.OS{}
	if err := fs.MkdirAll(dir); err != nil {
		return 0, fmt.Errorf("making the directory of the spool: %w", err)
	}
	path := filepath.Join(dir, "check")
	f, err := fs.Create(path)
	if err != nil {
		return 0, fmt.Errorf("writing to the spool: %w", err)
	}
	_, err = f.Write(make([]byte, 4096))
	began := time.Now()
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = fs.SyncDir(dir)
	}
	took = time.Since(began)
	if err = errors.Join(err, fs.Remove(path)); err != nil {
		return 0, fmt.Errorf("syncing the spool: %w", err)
	}
	return took, nil
}
