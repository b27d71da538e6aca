package inspect

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"
)

// word looks whether a value is one of those that there are.
func (w *shapes) word(f field, path string, n *yaml.Node) {
	words := f.words()
	judged := strings.Contains(f.Linter, "is not a valid option")
	if len(words) == 0 || !judged && !strings.HasPrefix(path, "logger.") {
		return
	}
	if i := slices.IndexFunc(words, func(s string) bool { return strings.EqualFold(s, n.Value) }); i >= 0 {
		if words[i] != n.Value && judged {
			w.fix(n, words[i])
		}
		return
	}
	mean := ""
	if near := meant(n.Value, words); near != "" {
		if synonym(n.Value) == near || misspelt(n.Value, near) {
			w.fix(n, near)
		}
		mean = fmt.Sprintf(" (did you mean %s?)", near)
	}
	w.say(misshapen{lint: service.LintInvalidOption, line: w.line(n), ours: !judged}, n, path, "%q is not one of its values: write %s%s", n.Value, strings.Join(words, ", "), mean)
}

// meant is the word that somebody meant, who wrote another one or that of AWS.
func meant(wrote string, words []string) string {
	if own := synonym(wrote); slices.Contains(words, own) {
		return own
	}
	return nearest(wrote, words)
}

func synonym(wrote string) string { return synonyms[strings.ToLower(wrote)] }

var synonyms = map[string]string{
	"aes256": "sse-s3", "aws:kms": "sse-kms", "kms": "sse-kms", "cmk": "sse-kms-cmk", "aws:kms:dsse": "sse-kms-dsse",
	"ndjson": "json", "jsonl": "json", "jsonlines": "json", "json.gz": "json+gzip", "jsonl.gz": "json+gzip", "json_gzip": "json+gzip", "csv.gz": "csv+gzip", "csv_gzip": "csv+gzip",
	"hourly": "hour", "daily": "day", "monthly": "month", ",": "comma", ";": "semicolon", "\\t": "tab", "dlq": "dead_letter", "ignore": "drop", "skip": "drop",
	"role": "assume_role", "keys": "access_key", "static": "access_key", "crc32": "crc32c", "snappy_raw": "snappy", "uncompressed": "none", "warning": "WARN",
}

var (
	aDuration    = regexp.MustCompile(`^"\d+(\.\d+)?(ns|us|µs|ms|s|m|h)`)
	notADuration = regexp.MustCompile(`(?i)^\s*(\d+(?:\.\d+)?)\s*(d|w|days?|weeks?|secs?|seconds?|mins?|minutes?|hours?|hrs?|)\s*$`)
)

// duration looks at a time that no unit, or an unknown one, stands behind.
func (w *shapes) duration(f field, path string, n *yaml.Node) {
	timed := f.Default != nil && aDuration.Match(*f.Default) || slices.Contains([]string{"period", "timeout", "interval", "max_age"}, f.Name)
	m := notADuration.FindStringSubmatch(n.Value)
	if f.Type != "string" || !timed || m == nil {
		return
	}
	if _, err := time.ParseDuration(n.Value); err == nil {
		return
	}
	if m[2] == "" { // nobody but the writer knows which one was meant
		w.say(misshapen{ours: true}, n, path, "%q is no duration: write it with a unit, %[1]sms for milliseconds or %[1]ss for seconds (units are ms, s, m and h)", m[1])
		return
	}
	write := durationOf(m[1], strings.ToLower(m[2]))
	w.fix(n, write)
	w.say(misshapen{ours: true}, n, path, "%q is no duration: write %s (units are ms, s, m and h)", n.Value, write)
}

func durationOf(n, unit string) string {
	switch {
	case unit == "d" || strings.HasPrefix(unit, "day"):
		return hours(n, 24)
	case strings.HasPrefix(unit, "w"):
		return hours(n, 168)
	case strings.HasPrefix(unit, "mi"):
		return n + "m"
	}
	return n + unit[:1]
}

func hours(n string, each float64) string {
	var days float64
	if _, err := fmt.Sscan(n, &days); err != nil {
		return "24h"
	}
	return fmt.Sprintf("%gh", days*each)
}
