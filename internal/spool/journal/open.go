package journal

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
)

// Open reads the journal of a directory, which is made where there is none, and
// gives all its entries to Options.Apply. It never fails because of what is
// there, only because the disk does.
//
// What the last segment holds is written anew before it counts: it may be in
// memory only, and its file may be one whose sync has failed.
func Open(fsys disk.FS, dir string, opts Options) (*Journal, error) {
	if opts.Pause == nil {
		opts.Pause = pause
	}
	j := &Journal{fs: fsys, dir: dir, opts: opts, turn: make(chan struct{}, 1), next: 1}
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("making the directory of the journal: %w", err)
	}
	row, dead, err := j.find()
	if err != nil {
		return nil, fmt.Errorf("looking for the journal in %s: %w", dir, err)
	}
	if err := j.replay(row); err != nil {
		return nil, fmt.Errorf("reading the journal in %s: %w", dir, err)
	}
	for _, path := range dead {
		if number, is := parseName(path[len(dir)+1:]); is {
			j.next = max(j.next, number+1)
		}
	}
	if err := j.renew(row); err != nil {
		return nil, fmt.Errorf("beginning a segment of the journal in %s: %w", dir, err)
	}
	for _, path := range dead {
		if number, is := parseName(path[len(dir)+1:]); is {
			j.discard(number)
		} else {
			_ = fsys.Remove(path) // it counts no more next time than now
		}
	}
	// One that came back behind a later one that is removed would be taken for the
	// beginning of a row of which something is missing.
	if err := fsys.SyncDir(dir); err != nil {
		return nil, fmt.Errorf("removing what the journal in %s does not need any more: %w", dir, err)
	}
	return j, nil
}

func parseName(name string) (uint64, bool) {
	digits, is := strings.CutSuffix(name, suffix)
	number, err := strconv.ParseUint(digits, 10, 64)
	return number, is && err == nil && fileName(number) == name
}

// replay applies the entries of all segments but the last.
func (j *Journal) replay(row []found) error {
	for i := range row {
		s := &row[i]
		j.next = s.number + 1
		if i == len(row)-1 {
			return nil
		}
		j.count(s)
		data, salt, err := j.load(s)
		if err != nil {
			return err
		}
		gaps := frame.Scan(data, salt, true, func(_ int64, f frame.Frame) {
			j.group = max(j.group, f.Group)
			j.apply(s.number, f)
		})
		j.report(s, data, gaps)
		if counted := row[i+1].header.good; s.proved && counted > s.size {
			j.opts.Damaged(Damage{Path: j.path(s.number), From: s.size, To: counted})
		}
	}
	return nil
}

// apply gives an entry of a file to whom it is for.
func (j *Journal) apply(segment uint64, f frame.Frame) {
	if !fills(f) {
		j.opts.Apply(segment, f.Payload, nil)
	}
}

func (j *Journal) count(s *found) {
	j.segments = append(j.segments, segment{number: s.number, good: s.good})
	j.bytes += s.good
}

// load reads what counts of a segment. One without a header has nothing that can
// be read.
func (j *Journal) load(s *found) ([]byte, frame.Salt, error) {
	data, err := disk.ReadAll(j.fs, j.path(s.number))
	if err != nil {
		return nil, frame.Salt{}, err
	}
	data = data[:min(s.good, int64(len(data)))]
	if !s.ok {
		j.opts.Damaged(Damage{Path: j.path(s.number), To: int64(len(data)), Bytes: data})
		return nil, frame.Salt{}, nil
	}
	salt, _, _ := parseHeader(data)
	return data, salt, nil
}

func (j *Journal) report(s *found, data []byte, gaps []frame.Gap) {
	for _, g := range gaps {
		j.opts.Damaged(Damage{
			Path: j.path(s.number), Torn: g.Torn, From: g.From, To: g.To, Bytes: data[g.From:g.To],
		})
	}
}

// tail gives the frames of the last segment to each, and says where it is torn.
func (j *Journal) tail(data []byte, salt frame.Salt, each func(f frame.Frame)) []frame.Gap {
	gaps := frame.Scan(data, salt, false, func(int64, frame.Frame) {}) // only the last frame tells
	torn := slices.IndexFunc(gaps, func(g frame.Gap) bool { return g.Torn })
	frame.Scan(data, salt, false, func(end int64, f frame.Frame) {
		if torn >= 0 && end > gaps[torn].From && j.opts.Torn != nil {
			j.opts.Torn()
			torn = -1
		}
		each(f)
	})
	return gaps
}

// renew applies the entries of the last segment and begins another one, with
// them if there are any.
func (j *Journal) renew(row []found) error {
	if len(row) == 0 {
		return j.rotate()
	}
	s := &row[len(row)-1]
	data, salt, err := j.load(s)
	if err != nil {
		return err
	}
	if data == nil { // its header cannot be read
		j.count(s)
		j.last = j.segments[len(j.segments)-1]
		return j.rotate()
	}
	var gaps []frame.Gap
	frames := 0
	index := uint32(0) // in its group
	copied := func(into frame.Salt, fresh []byte) []byte {
		fresh = slices.Grow(fresh, len(data))
		gaps = j.tail(data, salt, func(f frame.Frame) {
			frames++
			if f.Group > j.group {
				index = 0
			}
			j.group = max(j.group, f.Group)
			if fills(f) {
				return
			}
			f.Index = index
			index++
			fresh = frame.Append(fresh, into, int64(len(fresh)), f)
			j.apply(j.next-1, f)
		})
		return fresh
	}
	if err := j.begin(header{before: s.header.before, good: s.header.good}, copied); err != nil {
		return err
	}
	if frames == 0 && len(gaps) == 0 { // a segment has its name when it has its checkpoint
		gaps = []frame.Gap{{From: s.good, To: s.good}}
	}
	j.report(s, data, gaps)
	j.discard(s.number) // no segment names it
	return nil
}

// discard removes a segment that does not count. What cannot be removed now has to
// be before the segments that follow are: without them it would be taken for one
// of a row from which the next is missing.
func (j *Journal) discard(number uint64) {
	err := j.fs.Remove(j.path(number))
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	at, _ := slices.BinarySearchFunc(j.segments, number, func(s segment, n uint64) int { return cmp.Compare(s.number, n) })
	j.segments = slices.Insert(j.segments, at, segment{number: number})
}
