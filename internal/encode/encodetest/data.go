package encodetest

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/s3-destination/s3-destination/internal/record"
)

var (
	countries = []string{"DE", "US", "FR", "GB", "JP", "BR", "IN", "PL", "ES", "IT", "NL", "SE"}
	cities    = []string{"Berlin", "München", "Paris", "São Paulo", "東京", "Kraków", "London", "Madrid"}
	browsers  = []string{"Firefox", "Chrome", "Safari", "Edge", "Opera"}
	systems   = []string{"Linux", "Windows", "macOS", "Android", "iOS"}
	events    = []string{"page_view", "click", "add_to_cart", "purchase", "scroll", "search"}
	words     = []string{"running", "shoes", "summer", "sale", "gazelle", "new", "blue", "leather", "kids", "trail", "winter", "light"}
	epoch     = time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
)

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// Sized returns normal, or small when the race detector is on: that makes
// everything ten times slower, and what it looks for does not take much data.
func Sized(normal, small int) int {
	if race {
		return small
	}
	return normal
}

// Clicks returns n records of web analytics: 25 fields and on average about
// 790 bytes, with strings, integers, decimals, booleans, timestamps, nullable
// fields, one nested object and one list. The same seed gives the same bytes.
func Clicks(n int, seed uint64) [][]byte {
	r := rand.New(rand.NewPCG(seed, 25)) //nolint:gosec // test data
	out := make([][]byte, n)
	at := epoch
	for i := range out {
		at = at.Add(time.Duration(r.IntN(2000)) * time.Millisecond)
		out[i] = click(r, at)
	}
	return out
}

func click(r *rand.Rand, at time.Time) []byte {
	b := make([]byte, 0, 900)
	b = fmt.Appendf(b, `{"event_id":"%08x-%04x-4%03x-a%03x-%012x"`, r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48))
	b = fmt.Appendf(b, `,"event_type":%q,"event_time":%q`, pick(r, events), at.Format("2006-01-02T15:04:05.000Z"))
	b = fmt.Appendf(b, `,"received_at":%q`, at.Add(time.Duration(r.IntN(900))*time.Millisecond).Format("2006-01-02T15:04:05.000Z"))
	b = fmt.Appendf(b, `,"user_id":%d,"session_id":"s-%010x"`, r.IntN(5_000_000), r.Int64N(1<<40))
	b = fmt.Appendf(b, `,"page_url":"https://shop.example.com/%s/%s-%s/%d?utm_source=newsletter&utm_medium=email&utm_campaign=%s"`,
		pick(r, words), pick(r, words), pick(r, words), r.IntN(100_000), pick(r, words))
	if r.IntN(4) == 0 {
		b = append(b, `,"referrer":null`...)
	} else {
		b = fmt.Appendf(b, `,"referrer":"https://www.example.org/search?q=%s+%s"`, pick(r, words), pick(r, words))
	}
	b = fmt.Appendf(b, `,"page_title":"%s %s \"%s\" | The Shop"`, pick(r, words), pick(r, words), pick(r, words))
	b = fmt.Appendf(b, `,"ip":"203.0.%d.%d","country":%q,"browser":%q,"os":%q`, r.IntN(256), r.IntN(256), pick(r, countries), pick(r, browsers), pick(r, systems))
	b = fmt.Appendf(b, `,"user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%d.0"`, 100+r.IntN(40), 100+r.IntN(40))
	b = fmt.Appendf(b, `,"screen_width":%d,"screen_height":%d,"price":%.2f,"currency":"EUR","quantity":%d`, 1280+r.IntN(10)*64, 720+r.IntN(10)*36, r.Float64()*200, r.IntN(5))
	b = fmt.Appendf(b, `,"score":%v,"converted":%t`, math.Round(r.Float64()*1e8)/1e8, r.IntN(20) == 0)
	if r.IntN(2) == 0 {
		b = append(b, `,"campaign_id":null`...)
	} else {
		b = fmt.Appendf(b, `,"campaign_id":%d`, r.IntN(1000))
	}
	b = fmt.Appendf(b, `,"geo":{"city":%q,"lat":%.6f,"lon":%.6f}`, pick(r, cities), r.Float64()*180-90, r.Float64()*360-180)
	b = fmt.Appendf(b, `,"tags":[%q,%q,%q],"schema_version":3}`, pick(r, words), pick(r, words), pick(r, words))
	return b
}

// Wide returns n records of 100 flat columns and about 2.6 kB each: a report
// with dimensions, metrics and many nulls. The same seed gives the same bytes.
func Wide(n int, seed uint64) [][]byte {
	r := rand.New(rand.NewPCG(seed, 100)) //nolint:gosec // test data
	out := make([][]byte, n)
	for i := range out {
		b := append(make([]byte, 0, 3000), '{')
		for c := range 100 {
			if c > 0 {
				b = append(b, ',')
			}
			b = wideField(b, r, c)
		}
		out[i] = append(b, '}')
	}
	return out
}

func wideField(b []byte, r *rand.Rand, c int) []byte {
	switch c % 5 {
	case 0:
		return fmt.Appendf(b, `"dimension_%03d":"%s %s %d"`, c, pick(r, words), pick(r, words), r.IntN(100))
	case 1:
		return fmt.Appendf(b, `"metric_count_%03d":%d`, c, r.IntN(1_000_000))
	case 2:
		return fmt.Appendf(b, `"metric_rate_%03d":%s`, c, strconv.FormatFloat(r.Float64(), 'f', 6, 64))
	case 3:
		if r.IntN(3) == 0 {
			return fmt.Appendf(b, `"optional_%03d":null`, c)
		}
		return fmt.Appendf(b, `"optional_%03d":%q`, c, pick(r, cities))
	}
	return fmt.Appendf(b, `"flag_%03d":%t`, c, r.IntN(2) == 0)
}

// Shuffled returns copies of the records with their fields in random order.
func Shuffled(records [][]byte, seed uint64) [][]byte {
	r := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // test data
	out := make([][]byte, len(records))
	for i, doc := range records {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(doc, &fields); err != nil {
			panic(err)
		}
		keys := make([]string, 0, len(fields))
		for k := range fields {
			keys = append(keys, k)
		}
		// Map order is random but not reproducible: sort by a seeded draw.
		sortByDraw(r, keys)
		b := []byte{'{'}
		for j, k := range keys {
			if j > 0 {
				b = append(b, ',')
			}
			b = fmt.Appendf(b, "%q:%s", k, fields[k])
		}
		out[i] = append(b, '}')
	}
	return out
}

// Records wraps documents as records that arrived as bytes.
func Records(docs [][]byte) []record.Record {
	out := make([]record.Record, len(docs))
	for i, doc := range docs {
		out[i].Raw = doc
	}
	return out
}

// Structured wraps documents as records that a processor has parsed. It
// panics on invalid JSON.
func Structured(docs [][]byte) []record.Record {
	out := make([]record.Record, len(docs))
	for i, doc := range docs {
		out[i].Value = parse(doc)
	}
	return out
}
