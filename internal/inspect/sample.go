package inspect

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
)

// Sample is what was measured on records of the user.
type Sample struct {
	// Rows is the number of records, Refused how many of them cannot be stored.
	Rows, Refused int
	// RowBytes is their mean size, and Ratio the size of the object that holds
	// them, for each byte of theirs.
	RowBytes, Ratio float64
	// Partitions is the number of folders and names that they go to.
	Partitions int
}

// Measure encodes records, one a line, with the format of the configuration.
// Nothing is uploaded.
func (o *Output) Measure(in io.Reader) (Sample, error) {
	assigner, err := partition.New(o.conf.Partition)
	if err != nil {
		return Sample{}, err
	}
	var s Sample
	var raw int64
	byPath := map[string][]record.Record{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		m := service.NewMessage([]byte(lines.Text()))
		rec, err := partition.FromMessage(m)
		if err != nil {
			return s, fmt.Errorf("reading record %d: %w", s.Rows+1, err)
		}
		s.Rows++
		raw += int64(rec.Size())
		path, err := assign(assigner, m, &rec)
		if err != nil {
			s.Refused++
			continue
		}
		byPath[path] = append(byPath[path], rec)
	}
	if err := lines.Err(); err != nil {
		return s, fmt.Errorf("reading records: %w", err)
	}
	s.Partitions = len(byPath)
	return s, o.encode(&s, raw, byPath)
}

func assign(a *partition.Assigner, m *service.Message, rec *record.Record) (string, error) {
	pass := a.Begin(service.MessageBatch{m})
	defer pass.End()
	path, err := pass.Assign(0, rec)
	return string(path), err
}

// encode writes all records of the sample that can be stored into one object:
// those of one partition are fewer than in a real one, and compress worse.
func (o *Output) encode(s *Sample, raw int64, byPath map[string][]record.Record) error {
	var all []record.Record
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		all = append(all, byPath[path]...)
	}
	if len(all) == 0 {
		return fmt.Errorf("none of the %d records of the sample can be stored: s3-destination preview tells why", s.Rows)
	}
	s.RowBytes = float64(raw) / float64(s.Rows)
	encoder := o.conf.Format.NewEncoder()
	var kept, size int64
	for len(all) > 0 {
		res, err := encoder.Encode(io.Discard, all, 0)
		if err != nil {
			return fmt.Errorf("encoding the sample: %w", err)
		}
		refused := map[int]bool{}
		for _, r := range res.Refused {
			refused[r.Index] = true
		}
		for j := range all[:res.Taken] {
			if !refused[j] {
				kept += int64(all[j].Size())
			}
		}
		s.Refused += len(refused)
		size += res.Bytes
		all = all[res.Taken:]
	}
	if kept == 0 {
		return fmt.Errorf("none of the %d records of the sample can be stored: s3-destination preview tells why", s.Rows)
	}
	s.Ratio = float64(size) / float64(kept)
	return nil
}
