package template

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// kind says what a part of a template stands for.
type kind uint8

// The per-chunk and per-object kinds double as the bytes that mark their holes
// in a path, hence they stay below 0x20 and start at 1.
const (
	kindTimestamp kind = iota + 1
	kindClockHour
	kindClockMinute
	kindClockSecond
	kindChunkID
	kindUUID
	kindSourceRange
	kindLiteral
	kindVariable
	kindYear
	kindMonth
	kindDay
	kindHour
	kindYearToday
	kindMonthToday
	kindDayToday
	kindHourToday
)

// isHole reports whether the kind is left open in a path.
func (k kind) isHole() bool { return k <= kindSourceRange }

// isToday reports whether the kind reads the clock per record.
func (k kind) isToday() bool { return k >= kindYearToday }

// width is the number of digits the kind renders to, 0 when it is free text or
// not made of digits.
func (k kind) width() int {
	switch k {
	case kindTimestamp:
		return 10
	case kindChunkID:
		return chunkIDDigits
	case kindYear, kindYearToday:
		return 4
	case kindLiteral, kindVariable, kindUUID, kindSourceRange:
		return 0
	default:
		return 2
	}
}

// builtins are the placeholders that need no definition. Upper case is theirs
// for date and clock: MM is the month and M the minute.
var builtins = map[string]kind{
	"YYYY":       kindYear,
	"MM":         kindMonth,
	"DD":         kindDay,
	"HH":         kindHour,
	"YYYY_today": kindYearToday,
	"MM_today":   kindMonthToday,
	"DD_today":   kindDayToday,
	"HH_today":   kindHourToday,
	"timestamp":  kindTimestamp,
	"H":          kindClockHour,
	"M":          kindClockMinute,
	"S":          kindClockSecond,
	"chunk_id":   kindChunkID,
	"uuid":       kindUUID,

	"source_range": kindSourceRange,
}

// documented are the variables that the vendors' documentation knows. They
// still need a value under variables, but deserve a better error than a
// spelling mistake.
var documented = []string{
	"workspace_id", "workspace_title", "data_source", "data_table_title",
	"report_type", "filename", "account", "dataclass",
}

// habits maps what people write out of habit to what they mean.
var habits = map[string][]string{
	"year": {"YYYY"}, "yy": {"YYYY"}, "month": {"MM"}, "day": {"DD"}, "hour": {"HH", "H"},
	"mm": {"MM", "M"}, "minute": {"M"}, "min": {"M"}, "mi": {"M"}, "second": {"S"}, "sec": {"S"},
	"ss": {"S"}, "hh": {"HH", "H"}, "unix": {"timestamp"}, "epoch": {"timestamp"}, "ts": {"timestamp"},
	"chunk": {"chunk_id"}, "part": {"chunk_id"}, "guid": {"uuid"}, "uuid_v7": {"uuid"},
	"offset": {"source_range"}, "offsets": {"source_range"}, "first_offset": {"source_range"}, "start_offset": {"source_range"},
	"file_name": {"filename"}, "account_id": {"account"}, "today": {"YYYY_today", "MM_today", "DD_today"},
	"date": {"YYYY", "MM", "DD"},
}

// Placeholders lists every built-in placeholder, sorted.
func Placeholders() []string {
	names := make([]string, 0, len(builtins))
	for name := range builtins {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// DocumentedVariables lists the variable names that the vendors' documentation
// uses; each of them is usable once it has a value under variables.
func DocumentedVariables() []string { return slices.Clone(documented) }

// unknownName words the error for a placeholder that means nothing, or nothing
// yet.
func unknownName(name string, variables []string) error {
	if slices.Contains(documented, name) {
		return fmt.Errorf("{{%s}} has no value: write it under variables, as variables: {%s: ...}", name, name)
	}
	known := append(Placeholders(), variables...)
	for _, d := range documented {
		if !slices.Contains(variables, d) {
			known = append(known, d)
		}
	}
	near := nearMisses(name, known)
	mean := ""
	if len(near) > 0 {
		mean = " (did you mean " + joinOr(near) + "?)"
	}
	return fmt.Errorf("{{%s}} is no placeholder: write one of %s, or define it under variables%s", name, strings.Join(known, ", "), mean)
}

func joinOr(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "{{" + n + "}}"
		switch n {
		case "MM":
			quoted[i] += " (month)"
		case "M":
			quoted[i] += " (minute)"
		}
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	return strings.Join(quoted[:len(quoted)-1], ", ") + " or " + quoted[len(quoted)-1]
}

// nearMisses finds what an unknown name was probably meant to be: first by
// habit, then by the same words in another case or order, then by spelling.
func nearMisses(name string, known []string) []string {
	lower := strings.ToLower(name)
	if meant, ok := habits[lower]; ok {
		return meant
	}
	var same, alike []string
	for _, k := range known {
		switch {
		case wordsOf(k) == wordsOf(name):
			same = append(same, k)
		case len(name) > 2 && distance(lower, strings.ToLower(k)) <= min(2, len(k)/3):
			alike = append(alike, k)
		}
	}
	if len(same) > 0 {
		return same
	}
	return alike
}

// wordsOf is a name's fingerprint: its words in lower case and sorted order,
// so that today_DD, dd-today and DDtoday all mean DD_today.
func wordsOf(name string) string {
	lower := strings.ToLower(name)
	if rest, ok := strings.CutSuffix(lower, "today"); ok {
		lower = rest + "_today"
	} else if rest, ok := strings.CutPrefix(lower, "today"); ok {
		lower = "today_" + rest
	}
	words := strings.FieldsFunc(lower, func(r rune) bool {
		return r == '_' || r == '-' || r == '.' || r == ' '
	})
	sort.Strings(words)
	return strings.Join(words, "")
}

// distance is the Levenshtein distance of two short names.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
