package schema

import (
	"fmt"
	"strings"
)

// nameMembers gives the members of a group, and what is in them, the names that
// files have for them. A name once given stays. No two are equal, even to those
// who do not tell upper from lower case.
func (n *node) nameMembers(avro bool, record string, records map[string]bool) {
	taken := make(map[string]bool, len(n.members))
	for _, m := range n.members {
		if m.named {
			taken[strings.ToLower(m.Column)] = true
		}
	}
	// Names that are good as they are come first: they have the better claim.
	for _, asTheyAre := range []bool{true, false} {
		for _, m := range n.members {
			name := m.Name
			if avro {
				name = AvroName(name)
			}
			if !m.named && (name == m.Name && !taken[strings.ToLower(name)] || !asTheyAre) {
				m.Column, m.named = Distinct(name, taken), true
			}
		}
	}
	for _, m := range n.members {
		m.nameInside(avro, record+"_"+m.Column, records)
	}
}

// nameInside names the type of a field, and what is in a group, list or map.
func (n *node) nameInside(avro bool, record string, records map[string]bool) {
	if avro && n.Record == "" && (n.Type == Group || n.Size > 0) {
		n.Record = Distinct(record, records)
	}
	switch n.Type { //nolint:exhaustive // the others have nothing inside
	case List:
		n.element.nameInside(avro, record+"_element", records)
	case Map:
		n.element.nameInside(avro, record+"_value", records)
	case Group:
		n.nameMembers(avro, record, records)
	}
}

// recordNames notes the names of records that are given.
func (n *node) recordNames(records map[string]bool) {
	if n.Record != "" {
		records[strings.ToLower(n.Record)] = true
	}
	for _, m := range n.members {
		m.recordNames(records)
	}
	if n.element != nil {
		n.element.recordNames(records)
	}
}

// Distinct returns a name like the given one that is not taken, and takes it.
// Names are taken in lower case.
func Distinct(name string, taken map[string]bool) string {
	unique := name
	for i := 2; taken[strings.ToLower(unique)]; i++ {
		unique = fmt.Sprintf("%s_%d", name, i)
	}
	taken[strings.ToLower(unique)] = true
	return unique
}

// Renamed lists the columns whose names in files are not those of records, by
// their names in files. Columns inside of others are at their path, with dots.
func (s *Schema) Renamed() map[string]string {
	names := make(map[string]string)
	renamed(s.Fields, "", names)
	return names
}

func renamed(fields []Field, path string, names map[string]string) {
	for i := range fields {
		f := &fields[i]
		at := path + f.ColumnName()
		if f.ColumnName() != f.Name {
			names[at] = f.Name
		}
		for f.Elem != nil {
			f = f.Elem
		}
		renamed(f.Fields, at+".", names)
	}
}
