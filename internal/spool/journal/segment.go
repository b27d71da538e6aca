package journal

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/s3-destination/s3-destination/internal/spool/disk"
	"github.com/s3-destination/s3-destination/internal/spool/frame"
)

// header is what a segment says of itself: the one before it, and how much of
// that counts. A segment that no other names is of no use: beginning it failed,
// or another has taken its place.
type header struct {
	number, before uint64
	good           int64
}

func (h *header) meta() []byte {
	b := binary.AppendUvarint(nil, h.number)
	b = binary.AppendUvarint(b, h.before)
	return binary.AppendUvarint(b, uint64(h.good))
}

func parseHeader(data []byte) (frame.Salt, header, bool) {
	salt, meta, ok := frame.ParseHeader(data)
	if !ok {
		return salt, header{}, false
	}
	c := frame.Cursor{Rest: meta}
	h := header{number: c.Uint(), before: c.Uint(), good: int64(c.Uint())}
	return salt, h, !c.Bad && h.good >= 0
}

// checkpoints is how often the checkpoint of a segment is written: without it
// the names of streams would be lost.
const checkpoints = 2

// rotate begins a segment. The one before it counts up to its last sync.
func (j *Journal) rotate() error {
	j.abandon()
	entry := j.opts.Checkpoint()
	j.group++
	build := func(salt frame.Salt, data []byte) []byte {
		for i := range checkpoints {
			f := frame.Frame{Group: j.group, Index: uint32(i), Payload: entry}
			data = frame.Append(data, salt, int64(len(data)), f)
		}
		return data
	}
	return j.begin(header{before: j.last.number, good: j.last.good}, build)
}

// begin makes a segment durable with what build appends to its header, under a
// name that is not there before all of it is.
func (j *Journal) begin(h header, build func(frame.Salt, []byte) []byte) error {
	h.number = j.next
	j.next++ // also when this fails: what is there of it is left alone
	salt := frame.NewSalt()
	data := build(salt, frame.Header(salt, h.meta()))
	err := disk.WriteFile(j.fs, j.path(h.number), data)
	if err != nil {
		_ = j.fs.Remove(j.path(h.number) + disk.TemporarySuffix) // or when the journal is opened
	}
	if err == nil {
		err = j.tell(h.number)
	}
	var f disk.File
	if err == nil {
		f, err = j.fs.Append(j.path(h.number))
	}
	if err != nil {
		j.stillborn = append(j.stillborn, segment{number: h.number})
		return err
	}
	j.file, j.salt = f, salt
	j.last = segment{number: h.number, good: int64(len(data)), checkpoint: checkpointSize(data, salt)}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.segments = append(append(j.segments, j.stillborn...), j.last)
	j.stillborn = nil
	j.bytes += j.last.good
	return nil
}

// newest is the file beside the directory that says which segment is the last one:
// without it nobody would miss that.
func (j *Journal) newest() string { return j.dir + "-newest" }

// tell notes the number of the last segment, before anything is written behind its
// checkpoint.
func (j *Journal) tell(number uint64) error {
	data := frame.Header(frame.NewSalt(), binary.AppendUvarint(nil, number))
	return disk.WriteFile(j.fs, j.newest(), data)
}

// told is the number of the last segment; 0 when that cannot be read.
func (j *Journal) told() (uint64, error) {
	data, err := disk.ReadAll(j.fs, j.newest())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	_, meta, _ := frame.ParseHeader(data)
	c := frame.Cursor{Rest: meta}
	return c.Uint(), nil
}

// checkpointSize is how many bytes the checkpoint of a segment takes.
func checkpointSize(data []byte, salt frame.Salt) int64 {
	at := int64(frame.HeaderSize)
	for range checkpoints {
		_, n := frame.Parse(data[at:], salt, at)
		at += n
	}
	return at - frame.HeaderSize
}

// found is a segment on disk when the journal is opened.
type found struct {
	number uint64
	size   int64
	header header
	ok     bool // the header can be read
	good   int64
	// proved: its successor says how much of it was synced.
	proved bool
}

// find lists the segments that count, oldest first, and the files that do not.
func (j *Journal) find() (row []found, dead []string, err error) {
	files, err := j.fs.List(j.dir)
	if err != nil {
		return nil, nil, err
	}
	var all []found
	newest, err := j.told()
	if err != nil {
		return nil, nil, err
	}
	for _, f := range files {
		number, is := parseName(f.Name)
		if !is {
			dead = append(dead, filepath.Join(j.dir, f.Name))
			continue
		}
		s := found{number: number, size: f.Size}
		if s.header, s.ok, err = j.readHeader(number); err != nil {
			return nil, nil, err
		}
		all = append(all, s)
	}
	if newest > 0 && (len(all) == 0 || all[len(all)-1].number < newest) {
		j.opts.Damaged(Damage{Path: j.path(newest), Missing: true})
	}
	row, unused := chain(all, j.opts.Damaged, j.path)
	for _, number := range unused {
		dead = append(dead, j.path(number))
	}
	return row, dead, nil
}

func (j *Journal) readHeader(number uint64) (header, bool, error) {
	r, err := j.fs.Open(j.path(number))
	if err != nil {
		return header{}, false, err
	}
	data := make([]byte, min(r.Size(), frame.HeaderSize))
	if _, err := r.ReadAt(data, 0); err != nil && len(data) > 0 {
		return header{}, false, errors.Join(err, r.Close())
	}
	_, h, ok := parseHeader(data)
	return h, ok && h.number == number, r.Close()
}

// chain follows the segments from the last one back. Where a segment does not
// say which one was before it, or that one is missing, it goes on with the next
// lower number: to read what does not count does no harm, for the checkpoint of
// the segment after it says what does.
func chain(all []found, damaged func(Damage), path func(uint64) string) (row []found, unused []uint64) {
	at := len(all) - 1
	for at >= 0 {
		s := all[at]
		if len(row) == 0 {
			s.good = s.size
		}
		row = append(row, s)
		next, good, proved := at-1, int64(0), false
		if s.ok {
			for next >= 0 && all[next].number > s.header.before {
				unused = append(unused, all[next].number)
				next--
			}
			if next >= 0 && all[next].number == s.header.before {
				good, proved = s.header.good, true
			} else if next >= 0 {
				damaged(Damage{Path: path(s.header.before), Missing: true})
			}
		}
		if next >= 0 {
			if !proved || good > all[next].size {
				good = all[next].size
			}
			all[next].good, all[next].proved = good, proved
		}
		at = next
	}
	for i, k := 0, len(row)-1; i < k; i, k = i+1, k-1 {
		row[i], row[k] = row[k], row[i]
	}
	return row, unused
}
