package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/source"
)

// state is the file that keeps the columns of datasets over restarts. A nil
// state keeps nothing.
type state struct {
	path     string
	borrowed bool // it is not ours to write

	mu    sync.Mutex // held while the file is written
	known map[key]json.RawMessage
}

// The content of the file.
type (
	stateFile struct {
		Version  int               `json:"version"`
		Datasets []json.RawMessage `json:"datasets"`
	}
	stateSchema struct {
		Dataset string       `json:"dataset"`
		Schema  string       `json:"schema,omitempty"` // that records bring along
		LastID  int          `json:"last_id,omitempty"`
		Format  string       `json:"format,omitempty"` // of the files, on a shelf
		Fields  []stateField `json:"fields"`
	}
	stateField struct {
		Name      string       `json:"name,omitempty"`
		ID        int          `json:"id,omitempty"`
		KeyID     int          `json:"key_id,omitempty"`
		Column    string       `json:"column,omitempty"`
		Type      string       `json:"type"`
		Optional  bool         `json:"optional,omitempty"`
		Precision int          `json:"precision,omitempty"`
		Scale     int          `json:"scale,omitempty"`
		Unit      string       `json:"unit,omitempty"`
		Local     bool         `json:"local,omitempty"`
		Base64    bool         `json:"base64,omitempty"`
		Size      int          `json:"size,omitempty"`
		Round     bool         `json:"round,omitempty"`
		Wide      bool         `json:"wide,omitempty"`
		Aliases   []string     `json:"aliases,omitempty"`
		Record    string       `json:"record,omitempty"`
		Source    bool         `json:"source,omitempty"`
		Fields    []stateField `json:"fields,omitempty"`
		Items     *stateField  `json:"items,omitempty"`
		Values    *stateField  `json:"values,omitempty"`
	}
)

const stateVersion = 1

// Borrow has the state file read and never written: it is that of another process.
func (r *Registry) Borrow() { r.borrowed = true }

// Open reads the state file, if there is to be one. It is called before the
// first record, and does nothing the second time.
func (r *Registry) Open() error {
	if r.config.State == "" || r.state != nil {
		return nil
	}
	s := &state{path: r.config.State, known: make(map[key]json.RawMessage), borrowed: r.borrowed}
	if err := s.read(); err != nil {
		return fmt.Errorf("reading schema.state %s: %w: restore the file, or remove it to learn the columns anew", s.path, err)
	}
	// A file that cannot be written is found out now, not at the first record.
	if err := s.write(); err != nil {
		return fmt.Errorf("writing schema.state %s: %w: it must be a file in a directory that this process may write to", s.path, err)
	}
	r.state = s
	return nil
}

func (s *state) read() error {
	text, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	all, err := parseState(text)
	for _, d := range all {
		s.known[key{record.DatasetOf(d.Dataset), d.Schema}] = d.text
	}
	return err
}

// keptSchema is a schema with its text, which may have what this program does not
// know.
type keptSchema struct {
	stateSchema

	text json.RawMessage
}

// parseState reads what [stateText] has written, and looks at all of it.
func parseState(text []byte) ([]keptSchema, error) {
	var f stateFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, err
	}
	if f.Version != stateVersion {
		return nil, fmt.Errorf("it is of version %d, and this program knows version %d", f.Version, stateVersion)
	}
	all := make([]keptSchema, len(f.Datasets))
	for i, text := range f.Datasets {
		d := &all[i]
		d.text = text
		err := json.Unmarshal(text, &d.stateSchema)
		if err == nil {
			_, err = fieldsOfState(d.Fields, nil)
		}
		if err != nil {
			return nil, fmt.Errorf("dataset %q: %w", d.Dataset, err)
		}
	}
	return all, nil
}

// stateText is the text that keeps schemas, in an order of its own.
func stateText(datasets []json.RawMessage) ([]byte, error) {
	slices.SortFunc(datasets, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
	return json.Marshal(stateFile{Version: stateVersion, Datasets: datasets})
}

// take returns the fields that an earlier process knew. Source columns are
// those that are configured now; others have become columns like any.
func (s *state) take(k key, columns *source.Columns) (r remembered) {
	if s == nil {
		return r
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var d stateSchema
	if text := s.known[k]; text != nil {
		_ = json.Unmarshal(text, &d) // it was read before
	}
	r.fields, _ = fieldsOfState(d.Fields, columns)
	r.lastID = d.LastID
	return r
}

// forget drops a dataset, so that the next file is without it.
func (s *state) forget(k key) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, k)
}

// save writes the file with what is known now of a memory that has changed, whose
// lock the caller holds, or which nobody else knows yet.
func (s *state) save(m *Memory) error {
	if s == nil {
		return nil
	}
	text, err := json.Marshal(stateSchema{
		Dataset: m.dataset.Name(), Schema: m.identity, LastID: m.root.ID, Fields: stateFields(m.Schema().Fields),
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[key{m.dataset, m.identity}] = text
	return s.write()
}

// write replaces the file as a whole. The caller holds the lock, or is alone.
func (s *state) write() error {
	if s.borrowed {
		return nil
	}
	text, err := stateText(slices.Collect(maps.Values(s.known)))
	if err != nil {
		return err
	}
	return replace(s.path, text)
}

// replace writes a file so that there is the old one or the new one, whole,
// whatever happens meanwhile.
func replace(path string, text []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	d, err := os.Open(dir) //nolint:gosec // where the operator wants the file
	if err != nil {
		return err
	}
	_ = d.Sync() // not every file system can
	return d.Close()
}

func stateFields(fields []Field) []stateField {
	out := make([]stateField, len(fields))
	for i := range fields {
		out[i] = stateOf(&fields[i])
	}
	return out
}

func stateOf(f *Field) stateField {
	s := stateField{
		Name: f.Name, ID: f.ID, KeyID: f.KeyID, Type: f.Type.String(), Optional: f.Optional, Precision: f.Precision, Scale: f.Scale,
		Unit: unitNames[f.Unit], Local: f.Local, Base64: f.Base64, Size: f.Size, Round: f.Round, Wide: f.Wide, Aliases: f.Aliases,
		Record: f.Record, Source: f.Source > 0,
	}
	if f.Column != f.Name {
		s.Column = f.Column
	}
	if f.Type == Group {
		s.Fields = stateFields(f.Fields)
	}
	if f.Type == List {
		items := stateOf(f.Elem)
		s.Items = &items
	}
	if f.Type == Map {
		values := stateOf(f.Elem)
		s.Values = &values
	}
	return s
}

func fieldsOfState(from []stateField, columns *source.Columns) ([]Field, error) {
	fields := make([]Field, len(from))
	for i := range from {
		f, err := from[i].field(columns)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", from[i].Name, err)
		}
		fields[i] = f
	}
	return fields, nil
}

func (s *stateField) field(columns *source.Columns) (f Field, err error) {
	t, ok := ParseType(s.Type)
	if !ok {
		return f, fmt.Errorf("unknown type %q", s.Type)
	}
	f = Field{
		Name: s.Name, ID: s.ID, KeyID: s.KeyID, Column: s.Column, Type: t, Optional: s.Optional, Precision: s.Precision, Scale: s.Scale,
		Local: s.Local, Base64: s.Base64, Size: s.Size, Round: s.Round, Wide: s.Wide, Aliases: s.Aliases, Record: s.Record,
	}
	if f.Column == "" {
		f.Column = f.Name
	}
	if f.Unit, err = parseUnit(s.Unit); err != nil {
		return f, err
	}
	if s.Source {
		for i := range columns.Len() {
			if columns.Name(i) == s.Name {
				f.Source = i + 1
			}
		}
	}
	if t == Group {
		f.Fields, err = fieldsOfState(s.Fields, nil)
	}
	inside := map[Type]*stateField{List: s.Items, Map: s.Values}[t]
	if inside != nil {
		var elem Field
		elem, err = inside.field(nil)
		f.Elem = &elem
	} else if t == List || t == Map {
		return f, errors.New("a list needs items, a map values")
	}
	return f, err
}
