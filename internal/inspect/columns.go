package inspect

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/schema"
)

// Table is the columns of one dataset, as records of the user have them.
type Table struct {
	// Dataset is the name of the dataset.
	Dataset string
	// Records is how many of them there were, Objects how many files they were in; 0
	// for records without files.
	Records, Objects int

	schema *schema.Schema
	output *Output
	path   string // of one of its records; empty where none is known
}

var errNoColumns = errors.New("objects of json have no columns: file_format must be csv, csv+gzip, parquet or avro")

// inference is what learns the columns that objects have. With avro their names are
// such as Avro allows, whatever the format is.
func (o *Output) inference(avro bool) (*schema.Registry, error) {
	if o.conf.Format.Inference == nil {
		return nil, errNoColumns
	}
	registry, err := o.conf.Format.Inference()
	if err == nil && (avro || o.conf.Format.Name == "avro") {
		registry.UseAvroNames()
	}
	return registry, err
}

// Tables infers the columns of each dataset from records, one a line. Records
// that could not be stored teach nothing. With avro the names of columns are such as
// Avro allows.
func (o *Output) Tables(in io.Reader, avro bool) ([]Table, error) {
	registry, err := o.inference(avro)
	if err != nil {
		return nil, err
	}
	assigner, err := partition.New(o.conf.Partition)
	if err != nil {
		return nil, err
	}
	l := learner{
		output: o, registry: registry, assigner: assigner,
		pending: map[record.Dataset][]record.Record{}, seen: map[record.Dataset]int{}, paths: map[record.Dataset]string{},
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		if text := lines.Text(); text != "" {
			if err := l.add(service.NewMessage([]byte(text))); err != nil {
				return nil, err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading records: %w", err)
	}
	return l.tables()
}

// learner collects records of each dataset, and learns from many at once.
type learner struct {
	output   *Output
	registry *schema.Registry
	assigner *partition.Assigner
	pending  map[record.Dataset][]record.Record
	seen     map[record.Dataset]int
	paths    map[record.Dataset]string // of the first record of each
}

func (l *learner) add(m *service.Message) error {
	rec, err := partition.FromMessage(m)
	if err != nil {
		return fmt.Errorf("reading a record: %w", err)
	}
	pass := l.assigner.Begin(service.MessageBatch{m})
	defer pass.End()
	path, err := pass.Assign(0, &rec)
	if err != nil {
		return nil // it is a bad record, which preview would name
	}
	if rec.Dataset, err = pass.Dataset(0, &rec); err != nil {
		return nil // so is this one
	}
	if l.seen[rec.Dataset]++; l.seen[rec.Dataset] == 1 {
		l.paths[rec.Dataset] = string(path)
	}
	l.pending[rec.Dataset] = append(l.pending[rec.Dataset], rec)
	const many = 10_000
	if len(l.pending[rec.Dataset]) < many {
		return nil
	}
	return l.learn(rec.Dataset)
}

func (l *learner) learn(d record.Dataset) error {
	memory, err := l.registry.For(&record.Record{Dataset: d})
	if err == nil {
		memory.Learn(memory.Schema(), l.pending[d])
		l.pending[d] = l.pending[d][:0]
	}
	return err
}

func (l *learner) tables() ([]Table, error) {
	var all []Table
	for d, n := range l.seen {
		if err := l.learn(d); err != nil {
			return nil, err
		}
		memory, err := l.registry.For(&record.Record{Dataset: d})
		if err != nil {
			return nil, err
		}
		all = append(all, Table{Dataset: d.Name(), Records: n, schema: memory.Schema(), output: l.output, path: l.paths[d]})
	}
	slices.SortFunc(all, func(a, b Table) int { return cmp.Compare(a.Dataset, b.Dataset) })
	return all, nil
}

// Avro is the columns as an Avro schema.
func (t Table) Avro() (string, error) {
	text, err := t.schema.AvroSchema("Record", false)
	return string(text), err
}

// YAML is the columns as the setting schema of a configuration, which the table
// grows from.
func (t Table) YAML() string {
	var b strings.Builder
	b.WriteString("schema:\n  mode: fixed\n  on_unknown_field: add\n  on_type_mismatch: widen\n  fields:\n")
	taken := map[string]bool{}
	for i := range t.schema.Fields {
		f := &t.schema.Fields[i]
		switch fold := strings.ToLower(f.Name); {
		case f.Name == schema.RescuedColumn:
		case taken[fold]:
			fmt.Fprintf(&b, "    # %s differs from another one only in case, and cannot be declared\n", quoted(f.Name))
		default:
			taken[fold] = true
			fmt.Fprintf(&b, "    - {name: %s, %s}\n", quoted(f.Name), declaration(f))
		}
	}
	return b.String()
}

// quoted is a text as YAML has it, too.
func quoted(s string) string {
	text, _ := json.Marshal(s) // text can always be written
	return string(text)
}

// declaration is a field without its name.
func declaration(f *schema.Field) string {
	parts := []string{"type: " + f.Type.String()}
	if f.Optional {
		parts = append(parts, "optional: true")
	}
	if !f.Round && (f.Type == schema.Double || f.Type == schema.Float || f.Type == schema.Int64) {
		parts = append(parts, "exact: true")
	}
	if f.Local {
		parts = append(parts, "local: true")
	}
	switch f.Type { //nolint:exhaustive // the others need nothing more
	case schema.Decimal:
		parts = append(parts, fmt.Sprintf("precision: %d, scale: %d", f.Precision, f.Scale))
	case schema.List:
		parts = append(parts, "items: {"+declaration(f.Elem)+"}")
	case schema.Map:
		parts = append(parts, "values: {"+declaration(f.Elem)+"}")
	case schema.Group:
		var members []string
		taken := map[string]bool{}
		for i := range f.Fields {
			m := &f.Fields[i]
			if fold := strings.ToLower(m.Name); !taken[fold] {
				taken[fold] = true
				members = append(members, "{name: "+quoted(m.Name)+", "+declaration(m)+"}")
			}
		}
		parts = append(parts, "fields: ["+strings.Join(members, ", ")+"]")
	}
	return strings.Join(parts, ", ")
}

// Heading is a comment that says what the columns are from.
func (t Table) Heading() string {
	if t.Objects == 0 {
		return fmt.Sprintf("# dataset %q, %d records\n", t.Dataset, t.Records)
	}
	text := fmt.Sprintf("# %d objects in %q", t.Objects, t.Dataset)
	if t.Records > 0 {
		text += fmt.Sprintf(", %d records of csv and json among them", t.Records)
	}
	return text + "\n"
}
