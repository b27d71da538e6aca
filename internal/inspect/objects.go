package inspect

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/s3-destination/s3-destination/internal/encode/avro"
	"github.com/s3-destination/s3-destination/internal/encode/parquet"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/rows"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// TableOf infers the columns of one dataset from the objects in a directory and below:
// parquet and avro tell theirs, csv and json have records. Names that begin with an
// underscore or a dot are not looked at, nor are those of other formats.
func (o *Output) TableOf(dir string, avro bool) (Table, error) {
	registry, err := o.inference(avro)
	if err != nil {
		return Table{}, err
	}
	memory, err := registry.For(&record.Record{})
	if err != nil {
		return Table{}, err
	}
	in := objects{memory: memory, csv: o.csv()}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(d.Name(), "_") || strings.HasPrefix(d.Name(), ".")
		switch {
		case err != nil:
			return err
		case d.IsDir() && hidden && path != dir:
			return filepath.SkipDir
		case d.IsDir() || hidden:
			return nil
		}
		if err := in.read(path); err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
		return nil
	})
	if err != nil {
		return Table{}, err
	}
	if in.files == 0 {
		return Table{}, fmt.Errorf("%s has no objects of csv, json, parquet or avro", dir)
	}
	base := filepath.Base(filepath.Clean(dir))
	return Table{Dataset: base, Objects: in.files, Records: in.records, schema: memory.Schema(), output: o}, nil
}

// objects learns from files.
type objects struct {
	memory  *schema.Memory
	csv     rows.CSV
	files   int
	records int
	pending []record.Record
}

// read learns from one file, by the end of its name.
func (in *objects) read(path string) error {
	name, plain := path, func(r io.Reader) (io.Reader, error) { return r, nil }
	for _, c := range []struct {
		end  string
		open func(io.Reader) (io.Reader, error)
	}{{".gz", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }}, {".zst", func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) }}} {
		if rest, found := strings.CutSuffix(name, c.end); found {
			name, plain = rest, c.open
		}
	}
	learn := map[string]func(io.Reader) error{
		".csv": in.readCSV, ".json": in.readJSON, ".jsonl": in.readJSON, ".ndjson": in.readJSON, ".avro": in.readAvro,
	}[filepath.Ext(name)]
	parquetFile := filepath.Ext(path) == ".parquet"
	if learn == nil && !parquetFile {
		return nil
	}
	f, err := os.Open(path) //nolint:gosec // the user names the directory
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	in.files++
	if parquetFile {
		return in.readParquet(f)
	}
	r, err := plain(f)
	if err != nil {
		return err
	}
	if err := learn(r); err != nil {
		return err
	}
	in.learn()
	return nil
}

func (in *objects) readParquet(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	fields, err := parquet.ReadSchema(f, info.Size())
	if err == nil {
		in.memory.Meet(fields)
	}
	return err
}

func (in *objects) readAvro(r io.Reader) error {
	fields, err := avro.ReadSchema(r)
	if err == nil {
		exact(fields)
		in.memory.Meet(fields)
	}
	return err
}

// exact has numbers keep their digits, as those do that are inferred: that a file has
// doubles is no wish to round.
func exact(fields []schema.Field) {
	for i := range fields {
		f := &fields[i]
		for f.Elem != nil { // a list or a map
			f.Round = false
			f = f.Elem
		}
		f.Round = false
		exact(f.Fields)
	}
}

// readJSON reads records one a line, or in an array.
func (in *objects) readJSON(r io.Reader) error {
	buffered := bufio.NewReader(r)
	first, err := firstOf(buffered)
	if err != nil {
		return ignoreEnd(err)
	}
	d, array := json.NewDecoder(buffered), first == '['
	if array {
		if _, err := d.Token(); err != nil {
			return err
		}
	}
	for !array || d.More() {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return ignoreEnd(err)
		}
		in.add(raw)
	}
	return nil
}

// firstOf is the first byte that is no white space, which stays to be read.
func firstOf(r *bufio.Reader) (byte, error) {
	for {
		c, err := r.ReadByte()
		if err != nil || !strings.ContainsRune(" \t\r\n", rune(c)) {
			if err == nil {
				err = r.UnreadByte()
			}
			return c, err
		}
	}
}

func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// readCSV makes a record of each row, with the names in the first one.
func (in *objects) readCSV(r io.Reader) error {
	table := in.csv
	table.In = bufio.NewReader(r)
	var names []string
	for first := true; ; first = false {
		row, err := table.Next()
		if err != nil {
			return ignoreEnd(err)
		}
		if first {
			for _, c := range row {
				names = append(names, c.Text)
			}
			continue
		}
		raw := []byte{'{'}
		for i, c := range row[:min(len(row), len(names))] {
			name, err := json.Marshal(names[i])
			if err != nil {
				return err
			}
			if len(raw) > 1 {
				raw = append(raw, ',')
			}
			raw = append(append(append(raw, name...), ':'), table.Value(c)...)
		}
		in.add(append(raw, '}'))
	}
}

func (in *objects) add(raw []byte) {
	in.records++
	in.pending = append(in.pending, record.Record{Raw: raw})
	const many = 10_000
	if len(in.pending) == many {
		in.learn()
	}
}

func (in *objects) learn() {
	if len(in.pending) > 0 {
		in.memory.Learn(in.memory.Schema(), in.pending)
	}
	in.pending = in.pending[:0]
}
