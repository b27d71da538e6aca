package partition

import (
	"regexp"
	"strings"
)

// hiveSegment matches a folder that holds one value under a name, as Hive has it.
var hiveSegment = regexp.MustCompile(`^([^={}]+)=\{\{[ \t]*([^{} \t]+)[ \t]*\}\}$`)

// FolderColumns returns the fields of records that the folder has, whole and under
// their own names: a template with country={{country}}, where the variable is the
// field country of the record. Readers of partitioned tables take the column from
// the folder. Those of json("country") are apart, because it rounds numbers.
func FolderColumns(folder string, variables map[string]string) (held, rounded []string) {
	for segment := range strings.SplitSeq(folder, "/") {
		match := hiveSegment.FindStringSubmatch(strings.TrimSpace(segment))
		if match == nil {
			continue
		}
		e, err := parseExpression(variables[match[2]])
		if err != nil || len(e.pieces) != 1 {
			continue
		}
		p := &e.pieces[0]
		if len(p.path) != 1 || p.path[0] != match[1] {
			continue
		}
		if p.form == formThis {
			held = append(held, match[1])
		} else {
			rounded = append(rounded, match[1])
		}
	}
	return held, rounded
}
