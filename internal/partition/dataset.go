package partition

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/template"
)

// datasets is how the dataset of a record is found.
type datasets struct {
	explicit *expression // nil when it follows from the names
	prefix   string      // what the names of datasets begin with
	slots    []int       // of the variables that tell datasets apart
}

// lastDataset is the dataset of the record before: mostly, the next one has the
// same.
type lastDataset struct {
	key     []byte // what it was made of
	scratch []byte
	found   bool
	is      record.Dataset
}

// dateNames are words of variables that stand for a date, a clock or an account:
// they divide a table, and do not tell it from another one.
var dateNames = regexp.MustCompile(`(?i)^(?:.*_)?(?:date|datum|day|dt|ds|year|yyyy|month|mm|dd|hour|hh|week|quarter|minute|time|timestamp|ts|account|account_id)$`)

// clockCalls match expressions that differ from record to record of one table:
// clocks, counters, random ids, and where in a topic a record was.
var clockCalls = regexp.MustCompile(`\b(?:now|timestamp_unix\w*|ts_\w+|(?:format|parse)_timestamp\w*|count|counter|uuid_v\d|ksuid|nanoid|ulid|snowflake_id|random_int|batch_index|batch_size)[ \t]*\(|\bkafka_(?:partition|offset|timestamp\w*)\b`)

// isDate reports whether an expression is made of the date of the record.
func isDate(expression, dateField string) bool {
	if dateField == "" || strings.Contains(dateField, "${!") {
		return dateField != "" && expression == dateField
	}
	field := strings.TrimPrefix(dateField, "@")
	for _, form := range []string{`"` + field + `"`, "this." + field + " ", "@" + field + " ", "this." + field + ".", "this." + field + "}"} {
		if strings.Contains(expression, form) {
			return true
		}
	}
	return false
}

// compileDataset finds out what tells datasets apart.
func (a *Assigner) compileDataset(cfg Config) error {
	if cfg.Dataset != "" {
		e, err := parseExpression(cfg.Dataset)
		if err != nil {
			return fmt.Errorf("schema.dataset: parsing %q: %w", cfg.Dataset, err)
		}
		a.register(&e)
		a.datasets.explicit = &e
		return nil
	}
	a.datasets.prefix = strings.Trim(cfg.Layout.StaticPrefix(), "/")
	for slot, name := range a.names {
		text := cfg.Variables[name]
		if !dateNames.MatchString(name) && !clockCalls.MatchString(text) && !isDate(text, cfg.DateField) {
			a.datasets.slots = append(a.datasets.slots, slot)
		}
	}
	return nil
}

// Tells reports whether a variable tells datasets apart by its place in the names.
func (a *Assigner) Tells(variable string) bool {
	return slices.ContainsFunc(a.datasets.slots, func(slot int) bool { return a.names[slot] == variable })
}

// Dataset returns what the i-th record of the batch shares its columns with,
// after Assign. Unless the configuration says it, that is the static part of the
// folder and the values of the variables in the names, but for those that stand
// for a date, a clock or an account.
func (p *Pass) Dataset(i int, rec *record.Record) (record.Dataset, error) {
	d, last := &p.a.datasets, &p.dataset
	key := last.scratch[:0]
	if d.explicit != nil {
		text, _, err := p.append(key, d.explicit, i, rec)
		if err != nil {
			return record.Dataset{}, fmt.Errorf("rendering schema.dataset: %w", err)
		}
		key = text
	} else {
		for _, slot := range d.slots {
			key = append(append(key, p.values[slot]...), 0)
		}
	}
	last.scratch = key
	if last.found && bytes.Equal(key, last.key) {
		return last.is, nil
	}
	last.key, last.found = append(last.key[:0], key...), true
	if d.explicit != nil {
		last.is = record.DatasetOf(string(key))
	} else {
		last.is = record.DatasetOf(p.datasetName())
	}
	return last.is, nil
}

// datasetName is the name of a dataset that follows from the values of variables.
func (p *Pass) datasetName() string {
	d := &p.a.datasets
	parts := make([]string, 0, len(d.slots)+1)
	if d.prefix != "" {
		parts = append(parts, d.prefix)
	}
	for _, slot := range d.slots {
		value := string(p.values[slot])
		if value == "" {
			value = template.DefaultPartition // both have the same folder
		}
		parts = append(parts, p.a.names[slot]+"="+strings.ReplaceAll(url.PathEscape(value), "+", "%2B"))
	}
	return strings.Join(slices.Clip(parts), "/")
}
