package journal

import (
	"fmt"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
)

// Read gives all entries of a journal to apply, as Open does, and changes
// nothing.
func Read(fsys disk.FS, dir string, apply func(segment uint64, payload []byte), damaged func(Damage)) error {
	j := &Journal{fs: fsys, dir: dir, opts: Options{Apply: apply, Damaged: damaged}}
	row, _, err := j.find()
	if err == nil {
		err = j.replay(row)
	}
	if err == nil && len(row) > 0 {
		err = j.readLast(&row[len(row)-1])
	}
	if err != nil {
		return fmt.Errorf("reading the journal in %s: %w", dir, err)
	}
	return nil
}

func (j *Journal) readLast(s *found) error {
	data, salt, err := j.load(s)
	if err != nil {
		return err
	}
	gaps := frame.Scan(data, salt, false, func(_ int64, f frame.Frame) { j.opts.Apply(s.number, f.Payload) })
	j.report(s, data, gaps)
	return nil
}
