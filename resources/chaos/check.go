package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/internal/testutil/kafkatest"
	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// stored is what the bucket holds.
type stored struct {
	// copies lists for each record the processes that wrote one, by object.
	copies  map[int][]string
	objects int
	bytes   int64
	letters int // dead letters
	wrong   []string
}

// readBack reads every object of a server.
func readBack(ctx context.Context, from shelf, l *ledger) (*stored, error) {
	s := &stored{copies: map[int][]string{}}
	keys, err := from.keys(ctx, "lake/")
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		if strings.Contains(key, "_s3_destination_probe") {
			continue
		}
		o, err := from.object(ctx, key)
		switch {
		case err != nil:
			s.fail("object %s: %v", key, err)
		case strings.Contains(key, "/_dead_letters/"):
			s.letters += bytes.Count(o.Body, []byte("\n"))
		default:
			s.objects++
			s.bytes += int64(len(o.Body))
			s.read(o, l)
		}
	}
	return s, nil
}

func (s *stored) fail(format string, args ...any) {
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// read checks one object and notes its records.
func (s *stored) read(o s3test.Object, l *ledger) {
	body := o.Body
	if strings.HasSuffix(o.Key, ".gz") {
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err == nil {
			body, err = io.ReadAll(r)
		}
		if err != nil {
			s.fail("object %s is no complete gzip: %v", o.Key, err)
			return
		}
	}
	if strings.HasSuffix(strings.TrimSuffix(o.Key, ".gz"), ".csv") {
		var err error
		if body, err = linesOf(body); err != nil {
			s.fail("object %s is no CSV: %v", o.Key, err)
			return
		}
	}
	rows := 0
	for line := range bytes.Lines(body) {
		rows++
		s.row(o, bytes.TrimSuffix(line, []byte("\n")), l)
	}
	if claimed := o.Metadata["s3d-rows"]; claimed != strconv.Itoa(rows) {
		s.fail("object %s has %d rows and claims %s", o.Key, rows, claimed)
	}
}

// linesOf turns CSV back into the lines that the ledger knows.
func linesOf(body []byte) ([]byte, error) {
	rows, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading CSV: %w", err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], []string{"id", "at", "pad"}) {
		return nil, fmt.Errorf("the header is %q", rows[:min(len(rows), 1)])
	}
	var lines bytes.Buffer
	for _, r := range rows[1:] {
		_, _ = fmt.Fprintf(&lines, "{\"id\":%s,\"at\":\"%s\",\"pad\":\"%s\"}\n", r[0], r[1], r[2])
	}
	return lines.Bytes(), nil
}

func (s *stored) row(o s3test.Object, line []byte, l *ledger) {
	var rec struct {
		ID int    `json:"id"`
		At string `json:"at"`
	}
	if err := json.Unmarshal(line, &rec); err != nil {
		s.fail("object %s: %v in %.80q", o.Key, err, line)
		return
	}
	from, ok := l.at(rec.ID)
	if !ok {
		s.fail("object %s has record %d, which nobody produced", o.Key, rec.ID)
		return
	}
	if !bytes.Equal(line, kafkatest.NumberedValue(rec.ID, from.size)) {
		s.fail("object %s: record %d is not what was produced", o.Key, rec.ID)
	}
	if !strings.Contains(o.Key, "/date="+rec.At[:len("2026-07-01")]+"/") {
		s.fail("object %s holds record %d of %s", o.Key, rec.ID, rec.At)
	}
	s.copies[rec.ID] = append(s.copies[rec.ID], o.Metadata["run"])
}

// missing lists the records that are in no object, and should be.
func (s *stored) missing(l *ledger) []int {
	var ids []int
	for id := range l.len() {
		if len(s.copies[id]) == 0 && !l.doubted(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// breach is a moment at which records could be delivered once more: a process
// was killed, or a partition taken from it.
type breach struct {
	what string
	// From committed up to ends, records of a partition were not acknowledged.
	committed, ends map[int32]int64
	// runs are the processes whose copies it explains; empty means any.
	runs []string
	// most is how many surplus copies of one record it explains; zero means
	// one.
	most int
	// moved counts how often each partition was claimed during the breach, and
	// takes the place of most where it is known.
	moved map[int32]int
	// abandoned is set where nobody was left: whoever comes next claims each
	// partition once more.
	abandoned bool
}

// limit is how many surplus copies of one record of a partition it explains.
func (b *breach) limit(partition int32) int {
	switch {
	case b.moved == nil:
		return max(1, b.most)
	case b.abandoned:
		return b.moved[partition] + 1
	default:
		return b.moved[partition]
	}
}

// explains tells whether a record that this process had written before could be
// read again after the breach.
func (b *breach) explains(run string, from origin) bool {
	if len(b.runs) > 0 && !slices.Contains(b.runs, run) {
		return false
	}
	return from.offset >= b.committed[from.partition] && from.offset < b.ends[from.partition]
}

// doubles counts surplus copies, and how many of them no breach explains.
type doubles struct {
	copies, unexplained int
	byBreach            map[string]int
	examples            []string
}

// explain looks for a reason of every surplus copy. Every copy but the last one
// (in the order of the processes) must have been made before a breach that its
// process is part of. Where records are to be stored exactly once there is none.
func (s *stored) explain(l *ledger, breaches []*breach, order map[string]int, exactly bool) doubles {
	d := doubles{byBreach: map[string]int{}}
	for id, runs := range s.copies {
		if len(runs) == 1 {
			continue
		}
		slices.SortFunc(runs, func(a, b string) int { return order[a] - order[b] })
		from, _ := l.at(id)
		d.copies += len(runs) - 1
		if exactly {
			d.unexplained += len(runs) - 1
			if len(d.examples) < 5 {
				d.examples = append(d.examples, fmt.Sprintf("record %d (partition %d, offset %d) is in objects of %v", id, from.partition, from.offset, runs))
			}
			continue
		}
		used := map[*breach]int{}
		for _, run := range runs[:len(runs)-1] {
			i := slices.IndexFunc(breaches, func(b *breach) bool { return used[b] < b.limit(from.partition) && b.explains(run, from) })
			if i < 0 {
				d.unexplained++
				if len(d.examples) < 5 {
					d.examples = append(d.examples, fmt.Sprintf("record %d (partition %d, offset %d) was written by %v", id, from.partition, from.offset, runs))
				}
				continue
			}
			used[breaches[i]]++
			d.byBreach[breaches[i].what]++
		}
	}
	return d
}
