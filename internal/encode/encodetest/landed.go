package encodetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/s3-destination/s3-destination/internal/schema"
)

// parsed returns the value of a document, and false where there is none.
func parsed(doc []byte) (v any, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	return v, dec.Decode(&v) == nil
}

// landed compares a JSON value with what a reader sees. What was turned into
// text must say the same.
func landed(want, got any) error {
	text, isText := got.(string)
	if isText && says(text, want) {
		return nil
	}
	switch want := want.(type) {
	case nil:
		if got == nil {
			return nil
		}
	case json.Number:
		if sameNumber(want, got) {
			return nil
		}
	case map[string]any:
		if row, ok := got.(map[string]any); ok {
			return landedObject(want, row)
		}
	case []any:
		if items, ok := got.([]any); ok {
			return landedList(want, items)
		}
	}
	if got == nil && schema.Undecided(want) {
		return nil // it decides nothing, and says no more than a null
	}
	switch want.(type) {
	case nil, json.Number, map[string]any, []any:
	default: // a string is compared as text
		if got == want {
			return nil
		}
	}
	return fmt.Errorf("%v is not %v", got, want)
}

// says reports whether a text is a string, or another value as JSON.
func says(text string, want any) bool {
	if text == want {
		return true
	}
	v, ok := parsed([]byte(text))
	return ok && JSON(v) == JSON(want)
}

func landedList(want, items []any) error {
	if len(items) != len(want) {
		return fmt.Errorf("%v is not %v", items, want)
	}
	for i := range want {
		if err := landed(want[i], items[i]); err != nil {
			return err
		}
	}
	return nil
}

func landedObject(want, row map[string]any) error {
	for k, v := range want {
		if err := landed(v, row[k]); err != nil {
			return fmt.Errorf("%q: %w", k, err)
		}
	}
	for k, v := range row {
		if _, ok := want[k]; !ok && v != nil {
			return fmt.Errorf("%q should be null", k)
		}
	}
	return nil
}

func sameNumber(want json.Number, got any) bool {
	f, err := strconv.ParseFloat(string(want), 64)
	switch got := got.(type) {
	case int64:
		if i, err := strconv.ParseInt(string(want), 10, 64); err == nil {
			return i == got
		}
		return err == nil && f == float64(got)
	case float64:
		return err == nil && f == got
	}
	return false
}
