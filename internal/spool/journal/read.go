package journal

import (
	"fmt"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
)

// Read gives all entries of a journal to Options.Apply, as Open does, tells
// Options.Damaged and Options.Torn, and changes nothing.
func Read(fsys disk.FS, dir string, opts Options) error {
	j := &Journal{fs: fsys, dir: dir, opts: opts}
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
	gaps := j.tail(data, salt, func(f frame.Frame) { j.apply(s.number, f) })
	j.report(s, data, gaps)
	return nil
}
