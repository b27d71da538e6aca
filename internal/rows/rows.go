// Package rows reads the records of objects back, whatever their format, as lines of
// JSON. It holds a page or a block of an object at a time, so that the size of an
// object does not matter.
package rows

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"
)

// Object is an object to read.
type Object struct {
	// Key tells the format, by its end.
	Key     string
	Size    int64
	Content io.ReaderAt
}

// Table is what the content of csv does not tell.
type Table struct {
	CSV
	// Columns are the names of columns where there is no header.
	Columns []string
	Header  bool
}

// Of returns the records of an object in their order, each as JSON in one line,
// without the line's end. A line is valid until the next one. An error is the last one
// that comes, and says where in the object it is.
func Of(o Object, table Table) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		r := reader{yield: yield}
		if err := r.guarded(o, table); err != nil && !r.stopped {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				err = fmt.Errorf("it ends too early: %w", err)
			}
			yield(nil, fmt.Errorf("behind record %d: %w", r.count, err))
		}
	}
}

// reader hands out lines.
type reader struct {
	yield   func([]byte, error) bool
	count   int64
	stopped bool
	line    []byte // the last one, for those that make it
}

// errStopped says that nobody wants more.
var errStopped = errors.New("no more is wanted")

func (r *reader) hand(line []byte) error {
	r.count++
	if !r.yield(line, nil) {
		r.stopped = true
		return errStopped
	}
	return nil
}

// guarded reads an object. A library that is given what is damaged may panic.
func (r *reader) guarded(o Object, table Table) (err error) {
	inLoop := false
	given := r.yield
	r.yield = func(line []byte, err error) bool {
		inLoop = true
		more := given(line, err)
		inLoop = false
		return more
	}
	defer func() {
		if inLoop {
			return // the panic is that of the loop around
		}
		if broken := recover(); broken != nil {
			err = fmt.Errorf("what is there is damaged: %v", broken)
		}
	}()
	return r.read(o, table)
}

// read reads an object by the end of its name.
func (r *reader) read(o Object, table Table) error {
	name, zipped := strings.CutSuffix(o.Key, ".gz")
	if path.Ext(name) == ".parquet" {
		return r.parquet(o)
	}
	var in io.Reader = &ahead{from: o.Content, size: o.Size, n: leastAhead}
	if zipped {
		plain, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("decompressing: %w", err)
		}
		in = plain
	}
	buffered := bufio.NewReaderSize(in, leastAhead)
	switch path.Ext(name) {
	case ".json", ".jsonl", ".ndjson":
		return r.json(buffered)
	case ".csv":
		return r.csv(buffered, table)
	case ".avro":
		return r.avro(buffered)
	}
	return errors.New("its name ends with none of .csv, .json, .csv.gz, .json.gz, .parquet and .avro, by which the format is known")
}

// ahead reads an object from its beginning, the more at once the longer it is read: who
// wants the first records alone should not wait for megabytes.
type ahead struct {
	from    io.ReaderAt
	off     int64
	size    int64
	n       int64
	content []byte // what has come and is not read
	room    []byte
}

const (
	leastAhead = 64 << 10
	mostAhead  = 4 << 20
)

// Read implements io.Reader.
func (a *ahead) Read(p []byte) (int, error) {
	if len(a.content) == 0 {
		n := min(a.n, a.size-a.off)
		if n <= 0 {
			return 0, io.EOF
		}
		if int64(len(a.room)) < n {
			a.room = make([]byte, n)
		}
		got, err := a.from.ReadAt(a.room[:n], a.off)
		if got == 0 && err != nil {
			return 0, err //nolint:wrapcheck // says what was being done
		}
		a.content = a.room[:got]
		a.off += int64(got)
		a.n = min(a.n*2, mostAhead)
	}
	n := copy(p, a.content)
	a.content = a.content[n:]
	return n, nil
}
