package schema

import "fmt"

// Change is what happened to one column of a dataset.
type Change struct {
	// Dataset is the name of the dataset; empty for the one without a name.
	Dataset string
	// Column is where the column is, with dots.
	Column string
	// From and To are its types. From is empty for a new column.
	From, To string
}

// changes lists what the schema after has, and the one before had not.
func changes(before, after *Schema) []Change {
	var all []Change
	changedFields(before.Fields, after.Fields, "", &all)
	return all
}

func changedFields(before, after []Field, path string, all *[]Change) {
	old := make(map[string]*Field, len(before))
	for i := range before {
		old[before[i].Name] = &before[i]
	}
	for i := range after {
		f := &after[i]
		changedField(old[f.Name], f, path+f.ColumnName(), all)
	}
}

func changedField(before, after *Field, path string, all *[]Change) {
	switch {
	case before == nil:
		*all = append(*all, Change{Column: path, To: after.describe()})
	case before.Type != after.Type || before.Precision != after.Precision || before.Scale != after.Scale:
		*all = append(*all, Change{Column: path, From: before.describe(), To: after.describe()})
	case after.Type == Group:
		changedFields(before.Fields, after.Fields, path+".", all)
	case after.Type == List:
		changedField(before.Elem, after.Elem, path+"[]", all)
	case after.Type == Map:
		changedField(before.Elem, after.Elem, path+".*", all)
	}
}

// describe is the type of a field for people.
func (f *Field) describe() string {
	switch f.Type { //nolint:exhaustive // the others are what they are called
	case Decimal:
		return fmt.Sprintf("decimal(%d,%d)", f.Precision, f.Scale)
	case Timestamp:
		if f.Local {
			return "local timestamp"
		}
	case List:
		return "list of " + f.Elem.describe()
	case Map:
		return "map of " + f.Elem.describe()
	}
	return f.Type.String()
}
