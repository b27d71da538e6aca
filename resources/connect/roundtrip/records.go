package roundtrip

import (
	"fmt"
	"time"
)

// count is how many records make the way. Among so many there are several
// pages' worth of nulls, and few and many distinct values.
const count = 2000

// rec is one record, as a mapping would see it.
type rec = map[string]any

// records returns n records, by their ids. They have every type that JSON has,
// text that CSV must quote, and fields that are null or missing.
func records(n int) []rec {
	out := make([]rec, n)
	at := time.Date(2026, 7, 1, 12, 0, 0, 123456000, time.UTC)
	for i := range out {
		r := rec{
			"id": i, "big": int64(i) * 1234567890123, "price": float64(i)*1.25 - 100, "ok": i%3 == 0,
			"few":  fmt.Sprintf("kind %d", i%7),
			"many": fmt.Sprintf("line %d,\n\"quoted\" ünï😀", i),
			"at":   at.Add(time.Duration(i) * 1001 * time.Millisecond).Format(time.RFC3339Nano),
			"user": rec{"name": fmt.Sprintf("user %d", i%50), "age": i % 90},
			// Connect's parquet_decode panics at a list of plain values, whoever
			// wrote the file: the elements of this one are objects.
			"tags": []any{rec{"tag": "a"}, rec{"tag": fmt.Sprint("t", i%5)}},
		}
		if i%4 == 0 {
			r["note"] = ""
		}
		if i%5 == 0 {
			r["price"] = nil
		}
		out[i] = r
	}
	return out
}
