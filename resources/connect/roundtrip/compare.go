package roundtrip

import (
	"encoding/json"
	"fmt"
)

// compare reports whether rows are the records, each once and in any order.
func (o *object) compare(records []rec, rows []any) error {
	want := make(map[string]int, len(records))
	for _, r := range records {
		text, err := json.Marshal(o.row(r))
		if err != nil {
			return err
		}
		want[string(text)]++
	}
	for i, row := range rows {
		text, err := json.Marshal(row)
		if err != nil {
			return err
		}
		if want[string(text)]--; want[string(text)] < 0 {
			return fmt.Errorf("row %d of %d is no record, or is there twice: %s", i, len(rows), text)
		}
	}
	if len(rows) != len(records) {
		return fmt.Errorf("there are %d rows of %d records", len(rows), len(records))
	}
	return nil
}

// exactly is a record as it is.
func exactly(r rec) any { return r }

// same is a record with all columns: what is missing is null.
func same(r rec) any {
	row := rec{"note": nil}
	for name, v := range r {
		row[name] = v
	}
	return row
}

// text is a record as CSV has it: every value is text, and that of null is
// empty.
func text(r rec) any {
	row := rec{"note": ""}
	for name, v := range r {
		switch v := v.(type) {
		case nil:
			row[name] = ""
		case string:
			row[name] = v
		default:
			encoded, err := json.Marshal(v)
			if err != nil {
				panic(err) // the records are made of JSON's own types
			}
			row[name] = string(encoded)
		}
	}
	return row
}
