package partition

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/template"
)

// PartitionBy is the partition_by setting.
type PartitionBy = template.PartitionBy

// MissingDate is the on_missing_date setting.
type MissingDate string

// What happens to a record without the date that its names need.
const (
	// MissingReject refuses the record; it is the default.
	MissingReject MissingDate = "reject"
	// MissingToday uses today's date.
	MissingToday MissingDate = "today"
)

// MissingVariable is the on_missing_variable setting.
type MissingVariable string

// What happens to a record without a value that its names need.
const (
	// VariableDefault renders template.DefaultPartition; it is the default.
	VariableDefault MissingVariable = "default"
	// VariableReject refuses the record.
	VariableReject MissingVariable = "reject"
)

// ErrMissingVariable marks a record without a value of a variable.
var ErrMissingVariable = errors.New("the record has no value for it")

// Config is what an Assigner is made from.
type Config struct {
	// Layout is the compiled pair of templates.
	Layout *template.Layout
	// Variables holds the interpolated strings by name. Those that the layout
	// does not use are checked but never evaluated.
	Variables map[string]string
	// DateField says where a record's date is: the dot path of a field (with
	// the escapes ~1 for a dot and ~0 for a tilde), a piece of metadata as
	// meta("x"), metadata("x") or @x, or any interpolation ${! ... }. Empty
	// means that records have no date.
	DateField string
	// DateFormat is how dates are written: "auto" (also when empty), Unix time as
	// "unix", "unix_ms", "unix_us" or "unix_ns", or a Go time layout such as
	// "02.01.2006" or "2006-01-02 15:04 -0700". Of several, separated by '|', the
	// first that can read a date is taken.
	DateFormat string
	// Location is the time zone of instants and of today; nil means UTC.
	Location *time.Location
	// Dataset is an interpolated string that names what has one schema. Where it
	// is empty that is what the names are made of, without dates, accounts and
	// clocks: see [Pass.Dataset].
	Dataset string
	// OnMissingDate applies to records whose date is absent, null, empty or the
	// zero time. A date that is there and cannot be read is an error in any case.
	OnMissingDate MissingDate
	// OnMissingVariable applies to records where a variable in use is absent,
	// null or empty, or where a part of it is absent or null.
	OnMissingVariable MissingVariable
	// PartitionBy must not be coarser than the date placeholders in use.
	PartitionBy PartitionBy
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Assigner assigns records to partitions. It is safe for concurrent use; each
// call of WriteBatch works with a Pass of its own.
//
// With the date format auto these are dates: those of ISO 8601, as days
// (2025-07-07, 20250707), days of a year (2025-188) or of a week (2025-W28-1,
// 2025W281), and days with slashes (2025/07/07); all of them with or without a
// time, its colons, seconds, fraction and offset, with a space or T before the
// time and "UTC" as an offset; any other number, as Unix time in seconds,
// milliseconds, microseconds or nanoseconds, told apart by magnitude (below
// 1e11, 1e14 and 1e17). A year has four digits.
type Assigner struct {
	layout    *template.Layout
	names     []string // of the variables in use, by slot
	variables []expression
	datasets  datasets
	date      *expression // nil when no placeholder needs it or no field is set
	dateField string
	dates     dateParser
	lookup    lookup
	slow      []*service.InterpolatedString
	onMissing MissingDate
	missing   error
	demand    bool // a variable without a value is an error
	location  *time.Location
	needDate  bool
	needToday bool
	now       func() time.Time
	passes    sync.Pool
}

// New compiles the configuration. The error names every mistake.
func New(cfg Config) (*Assigner, error) {
	a := &Assigner{
		layout:    cfg.Layout,
		names:     cfg.Layout.Variables(),
		dateField: cfg.DateField,
		location:  cfg.Location,
		now:       cfg.Now,
		needDate:  cfg.Layout.UsesRecordDate(),
	}
	if a.location == nil {
		a.location = time.UTC
	}
	if a.now == nil {
		a.now = time.Now
	}
	err := errors.Join(
		a.compileMissing(cfg),
		a.compileVariables(cfg.Variables),
		a.compileDataset(cfg),
		a.compileDate(cfg),
		cfg.Layout.CheckPartitionBy(cfg.PartitionBy),
	)
	if err != nil {
		return nil, err
	}
	a.needToday = a.layout.UsesToday() || a.needDate && a.onMissing == MissingToday
	a.passes.New = func() any { return a.newPass() }
	return a, nil
}

// compileMissing reads what becomes of records without a date or a variable.
func (a *Assigner) compileMissing(cfg Config) error {
	var errs []error
	switch cfg.OnMissingDate {
	case MissingReject, MissingToday:
		a.onMissing = cfg.OnMissingDate
	case "":
		a.onMissing = MissingReject
	default:
		errs = append(errs, fmt.Errorf("on_missing_date: %q is unknown: write reject or today", cfg.OnMissingDate))
	}
	switch cfg.OnMissingVariable {
	case VariableDefault, VariableReject, "":
		a.demand = cfg.OnMissingVariable == VariableReject
	default:
		errs = append(errs, fmt.Errorf("on_missing_variable: %q is unknown: write default or reject", cfg.OnMissingVariable))
	}
	return errors.Join(errs...)
}

func (a *Assigner) compileVariables(texts map[string]string) error {
	var errs []error
	parsed := make(map[string]expression, len(texts))
	for name, text := range texts {
		e, err := parseExpression(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("variables.%s: %q is no expression (%w): write ${! json(\"path\") } or ${! metadata(\"key\") }", name, text, err))
		}
		parsed[name] = e
	}
	for _, name := range a.names {
		e, ok := parsed[name]
		if !ok {
			errs = append(errs, fmt.Errorf("variables.%s: {{%s}} is used but has no value: write one", name, name))
		} else if a.demand && e.blank() {
			errs = append(errs, fmt.Errorf("variables.%s: it is empty, so that on_missing_variable: reject refuses every record: "+
				"write a value, or leave {{%s}} out of the names", name, name))
		}
		a.register(&e)
		a.variables = append(a.variables, e)
	}
	slices.SortFunc(errs, func(x, y error) int { // maps have no order, messages should
		return strings.Compare(x.Error(), y.Error())
	})
	return errors.Join(errs...)
}

func (a *Assigner) compileDate(cfg Config) error {
	dates, err := newDateParser(cfg.DateFormat, a.location)
	if err != nil {
		return fmt.Errorf("date_format: %w", err)
	}
	a.dates = dates
	a.missing = fmt.Errorf("reading date_field %s: %w: set on_missing_date: today, or use {{YYYY_today}}, {{MM_today}}, "+
		"{{DD_today}} in the names for the run date", cfg.DateField, ErrMissingDate)
	if cfg.DateField == "" {
		if a.needDate && a.onMissing == MissingReject {
			return fmt.Errorf("date_field: %s", template.MissingDateField(a.layout.DateGranularity()))
		}
		return nil
	}
	e, err := parseDateField(cfg.DateField)
	if err != nil {
		return fmt.Errorf("date_field: %w", err)
	}
	if a.needDate {
		a.register(&e)
		a.date = &e
	}
	return nil
}

// register gives an expression in use its places in the lookup and among the
// slow ones.
func (a *Assigner) register(e *expression) {
	if e.slow != nil {
		e.index = len(a.slow)
		a.slow = append(a.slow, e.slow)
	}
	for i := range e.pieces {
		if p := &e.pieces[i]; len(p.path) > 0 {
			p.slot = a.lookup.add(p.path)
		}
	}
}
