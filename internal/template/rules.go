package template

import "fmt"

// PartitionBy is the partition_by setting.
type PartitionBy string

// The values of partition_by. Auto follows the date placeholders in use.
const (
	PartitionAuto  PartitionBy = "auto"
	PartitionNone  PartitionBy = "none"
	PartitionHour  PartitionBy = "hour"
	PartitionDay   PartitionBy = "day"
	PartitionMonth PartitionBy = "month"
)

// granularity returns the step that the setting asks for; ok is false when it
// asks for none.
func (p PartitionBy) granularity() (step Granularity, ok bool) {
	switch p {
	case PartitionMonth:
		return Month, true
	case PartitionDay:
		return Day, true
	case PartitionHour:
		return Hour, true
	case PartitionAuto, PartitionNone:
		return None, false
	default:
		return None, false
	}
}

// CheckPartitionBy refuses a setting that is unknown or coarser than a date
// placeholder in use: objects of one month cannot carry a day in their name.
func (l *Layout) CheckPartitionBy(p PartitionBy) error {
	switch p {
	case PartitionAuto, PartitionNone, PartitionHour, PartitionDay, PartitionMonth, "":
	default:
		return fmt.Errorf("partition_by: %q is unknown: write one of auto, none, hour, day, month", p)
	}
	step, ok := p.granularity()
	if finest := l.DateGranularity(); ok && finest > step {
		name := map[Granularity]string{Day: "DD", Hour: "HH"}[finest]
		return fmt.Errorf("partition_by: %q does not allow {{%s}} in folder or file_name: "+
			"remove it, write {{%s_today}} for the run date, or partition_by: %s", p, name, name, finest)
	}
	return nil
}

// Severity tells an error, with which the output must not start, from a
// warning.
type Severity uint8

// The severities of a [Finding].
const (
	Warning Severity = iota + 1
	Error
)

// Finding is a violated rule of the configuration.
type Finding struct {
	Severity Severity
	// Rule is the rule's number in the documentation.
	Rule int
	// Message says what is wrong and what to do, in terms of the settings.
	Message string
}

// Settings are the neighbours of the templates that the rules look at.
type Settings struct {
	PartitionBy PartitionBy
	// MaxFileSize is the effective cap in bytes; 0 means no limit.
	MaxFileSize int64
	// MaxFileSizeSet tells that the user chose the cap. The default cap asks
	// nothing of the names.
	MaxFileSizeSet bool
	// HasDateField tells that date_field is set.
	HasDateField bool
	// MissingDateIsToday tells that on_missing_date is today.
	MissingDateIsToday bool
}

// CheckRules reports which rules between the names and other settings are
// violated. A {{account}} without load_by_account never gets here: Compile
// refuses it.
func (l *Layout) CheckRules(s Settings) []Finding {
	var found []Finding
	report := func(severity Severity, rule int, format string, args ...any) {
		found = append(found, Finding{severity, rule, fmt.Sprintf(format, args...)})
	}
	if err := l.CheckPartitionBy(s.PartitionBy); err != nil {
		report(Error, 1, "%s", err)
	} else if step, ok := s.PartitionBy.granularity(); ok && !l.names(step) {
		report(Warning, 2, "partition_by: %q splits nothing, because neither folder nor file_name contains {{%s}}, and "+
			"objects mix the data of several %ss: write it into folder", s.PartitionBy, placeholderOf[step], step)
	}
	chunked := s.MaxFileSizeSet && s.MaxFileSize > 0 && !l.PerObject()
	if !l.unique() && !chunked {
		report(Warning, 2, "file_name: the names are not unique by themselves, so that -00002 and so on is appended from the second object on: "+
			"write {{chunk_id}}, {{uuid}} or {{timestamp}} to choose the place yourself")
	}
	if l.loadByAccount && !l.used["account"] {
		report(Warning, 3, "load_by_account: it has no effect without {{account}} in folder or file_name: write that, or remove it")
	}
	if l.used["chunk_id"] && s.MaxFileSize == 0 {
		report(Error, 4, "max_file_size: \"0\" switches off what {{chunk_id}} in the names counts: write a size such as 128MB, or {{uuid}} instead")
	}
	if chunked {
		report(Error, 4, "max_file_size: it splits data into chunks, which need names of their own: write {{chunk_id}} or {{uuid}} into file_name")
	}
	if l.UsesRecordDate() && !s.HasDateField && !s.MissingDateIsToday {
		report(Error, 6, "%s", MissingDateField(l.DateGranularity()))
	}
	return found
}

// MissingDateField words the advice for date placeholders without a source.
func MissingDateField(step Granularity) string {
	name := placeholderOf[step]
	return fmt.Sprintf("{{%s}} is taken from each record, but date_field is not set: write where records keep their date, "+
		"or {{%s_today}} for the run date", name, name)
}

var placeholderOf = map[Granularity]string{Year: "YYYY", Month: "MM", Day: "DD", Hour: "HH"}

// names reports whether the names tell one such step of the calendar from the
// next, be it by the record's date or by the clock.
func (l *Layout) names(step Granularity) bool {
	name := placeholderOf[step]
	return l.used[name] || l.used[name+"_today"] || l.used["timestamp"] || step == Hour && l.used["H"]
}

// unique reports whether two objects can have the same name only by accident:
// numbered, random, or with enough of the clock to tell the seconds apart.
func (l *Layout) unique() bool {
	if l.PerObject() || l.used["timestamp"] {
		return true
	}
	date := l.used["YYYY_today"] && l.used["MM_today"] && l.used["DD_today"]
	return date && (l.used["H"] || l.used["HH_today"]) && l.used["M"] && l.used["S"]
}
