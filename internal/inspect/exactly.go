package inspect

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/s3-destination/s3-destination/internal/chunk"
	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/partition"
	"github.com/s3-destination/s3-destination/internal/sizing"
)

// obstacle is why records cannot be stored exactly once: a word for the metric, and
// what to change.
type obstacle struct{ reason, text string }

// exactly reports whether a pipeline is to store records exactly once, and what
// keeps it from that.
func (p *pipeline) exactly() (asked bool, against []obstacle) {
	if !hasValue(p.inputs, sizing.OwnKafka, "delivery", "exactly_once") {
		return false, nil
	}
	no := func(reason, format string, args ...any) {
		against = append(against, obstacle{reason, fmt.Sprintf(format, args...) + ", which delivery: exactly_once of the input does not allow"})
	}
	if other := p.otherInput(p.inputs); other != "" {
		no("input", "input: its records come from %s as well: read them in a pipeline of their own", other)
	}
	if buffer, err := p.fields("buffer"); err == nil {
		for _, name := range names(buffer) {
			if name != "none" {
				no("buffer", "buffer: %s acknowledges what is not stored: remove it", name)
			}
		}
	}
	if wrapper := p.otherOutput(p.output, nil); wrapper != "" {
		no("output", "output: %s stands between the input and one s3_destination, or beside it: write s3_destination alone", wrapper)
	}
	for _, name := range p.merging() {
		no("processors", "pipeline: the processor %s merges, divides or drops records by what came before: write mapping, filter or unarchive, or do that before Kafka", name)
	}
	for _, o := range p.outputs {
		if o.conf != nil {
			p.outputAgainst(o.conf, no)
		}
	}
	return true, against
}

// outputAgainst is what settings of an output keep it from.
func (p *pipeline) outputAgainst(c *config.Config, no func(reason, format string, args ...any)) {
	if c.Chunks.OnBadRecord == chunk.Reject {
		no("on_bad_record", "on_bad_record: \"reject\" sends a bad record back for ever: write dead_letter or drop")
	}
	if c.Chunks.OnRefusedObject == chunk.ObjectToDeadLetters {
		no("on_refused_object", "on_refused_object: \"dead_letter\" gives an object up that may have been stored: write retry")
	}
	if limit, ok := c.GivesUp(); ok && !c.Spool.On() {
		no("max_elapsed_time", "retry.max_elapsed_time: nobody else stores an object that is given up after %s, so that it is tried until it is there: remove the setting", limit)
	}
	if c.Spool.On() {
		no("spool", "spool: it acknowledges records before they are in an object, and Kafka keeps them anyway: remove it")
	}
	if !c.Batching.IsNoop() {
		no("batching", "batching: it merges or changes batches, and those of several Kafka partitions go together: remove it")
	}
	for _, name := range []string{"YYYY_today", "MM_today", "DD_today", "HH_today"} {
		if c.Layout.Uses(name) {
			no("clock", "folder: {{%s}} is another one when a record is read again on the next day: write {{%s}}, and date_field", name, strings.TrimSuffix(name, "_today"))
			break
		}
	}
	if c.Partition.OnMissingDate == partition.MissingToday && c.Layout.UsesRecordDate() {
		no("clock", "on_missing_date: \"today\" is another day when a record is read again: write reject")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Partition.Variables)) {
		expression := c.Partition.Variables[name]
		if m := impure.FindString(expression); m != "" {
			no("variables", "variables.%s: %s) gives another value when a record is read again: write one that follows from the record", name, m)
		}
	}
}

// impure are functions of Bloblang that give another value each time.
var impure = regexp.MustCompile(`\b(?:now|uuid_v4|uuid_v7|ulid|ksuid|nanoid|snowflake_id|random_int|counter|count|timestamp_unix(?:_\w+)?|batch_index|batch_size|hostname)\b(?:\s*\()`)

// otherInput names an input beside those that can be exact.
func (p *pipeline) otherInput(tree any) string {
	switch t := sizing.Plain(tree).(type) {
	case []any:
		for _, e := range t {
			if other := p.otherInput(e); other != "" {
				return other
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(t)) {
			switch name {
			case "label", "processors", "resource", sizing.OwnKafka:
			case "broker":
				broker, _ := t[name].(map[string]any)
				if broker["batching"] != nil {
					return "a broker with batching"
				}
				if other := p.otherInput(broker["inputs"]); other != "" {
					return other
				}
			default:
				return name
			}
		}
	}
	return ""
}

// otherOutput names a component around or beside the output.
func (p *pipeline) otherOutput(tree any, seen []string) string {
	t, _ := sizing.Plain(tree).(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(t)) {
		switch name {
		case "label", "processors", config.Name:
		case "resource":
			label := fmt.Sprint(t[name])
			if slices.Contains(seen, label) {
				return "resource " + label
			}
			return p.otherOutput(p.resources[label], append(seen, label))
		default:
			return name
		}
	}
	return ""
}

// merging names processors whose output does not follow from one record.
func (p *pipeline) merging() (found []string) {
	for _, part := range []string{"input", "input_resources", "pipeline", "output", "output_resources", "processor_resources"} {
		value, err := p.fields(part)
		if err != nil {
			continue
		}
		for _, name := range []string{"archive", "split", "dedupe", "group_by", "group_by_value"} {
			if hasProcessor(sizing.Plain(value), name) && !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	return found
}

// hasProcessor reports whether a list anywhere in a tree has an element of that
// name, as lists of processors have.
func hasProcessor(tree any, name string) bool {
	switch t := tree.(type) {
	case []any:
		for _, e := range t {
			if one, ok := sizing.Plain(e).(map[string]any); ok && one[name] != nil {
				return true
			}
			if hasProcessor(sizing.Plain(e), name) {
				return true
			}
		}
	case map[string]any:
		for _, child := range t {
			if hasProcessor(sizing.Plain(child), name) {
				return true
			}
		}
	}
	return false
}

// hasValue reports whether a component of that name has a field of that value.
func hasValue(tree any, component, field, value string) bool {
	switch t := sizing.Plain(tree).(type) {
	case []any:
		return slices.ContainsFunc(t, func(e any) bool { return hasValue(e, component, field, value) })
	case map[string]any:
		for key, child := range t {
			fields, _ := sizing.Plain(child).(map[string]any)
			if key == component && fmt.Sprint(fields[field]) == value || hasValue(child, component, field, value) {
				return true
			}
		}
	}
	return false
}

// names are the keys of a tree of plain values.
func names(tree any) []string {
	t, _ := sizing.Plain(tree).(map[string]any)
	return slices.Sorted(maps.Keys(t))
}

// delivery says in a line whether records are stored exactly once, and why not;
// empty where that was not asked for.
func (p *pipeline) delivery() (line string, exact bool) {
	asked, against := p.exactly()
	if !asked {
		return "", false
	}
	if len(against) == 0 {
		return fmt.Sprintf("exactly once: yes, input %s, output %s", sizing.OwnKafka, config.Name), true
	}
	var why []string
	for _, o := range against {
		why = append(why, o.text)
	}
	return "exactly once: no, because of " + strings.Join(why, "; "), false
}

// knows tells the outputs whether they are to store records exactly once.
func (p *pipeline) knows(in *sizing.Input) {
	asked, against := p.exactly()
	in.Exactly = asked
	for _, o := range against {
		in.Against = append(in.Against, o.reason)
	}
}
