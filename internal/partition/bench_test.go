package partition

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/encode/encodetest"
	"github.com/s3-destination/s3-destination/internal/record"
)

// click is a record of the size and shape that the performance targets name.
const click = `{"event_id":"0198-1b5e-7c3d-4f2a","event_type":"page_view","event_time":"2025-07-07T12:15:17.123Z","received_at":1751890518123,` +
	`"user_id":184467440737,"session_id":"s-7f3a9c21e4","anonymous":false,"country":"DE","region":"Berlin","city":"Berlin","lat":52.520008,"lon":13.404954,` +
	`"device":"desktop","os":"Linux","browser":"Firefox","browser_version":"128.0","screen":{"width":2560,"height":1440,"ratio":1.5},` +
	`"url":"https://shop.example.com/products/4711?utm_source=newsletter&utm_medium=email","referrer":"https://www.example.org/search?q=shoes",` +
	`"campaign":"summer_sale","price":129.90,"currency":"EUR","quantity":2,"discount":null,"tags":["shoes","running","sale"],"experiment":{"name":"checkout-v2",` +
	`"variant":"b"},"score":0.8731,"is_bot":false,"consent":true,"notes":"free text with a \"quote\" in it and some more words"}`

func benchmarkAssign(b *testing.B, cfg Config, build func() *service.Message) {
	b.Helper()
	cfg.Layout = compile(b, "raw/{{source}}/{{YYYY}}/{{MM}}/{{DD}}", "{{country}}-{{chunk_id}}", "source", "country")
	a, err := New(cfg)
	require.NoError(b, err)
	const size = 1000
	var batch service.MessageBatch
	var records []record.Record
	for range size {
		m := build()
		rec, err := FromMessage(m)
		require.NoError(b, err)
		batch, records = append(batch, m), append(records, rec)
	}
	b.ReportAllocs()
	p := a.Begin(batch)
	i := 0
	for b.Loop() {
		if _, err := p.Assign(i, &records[i]); err != nil {
			b.Fatal(err)
		}
		if i++; i == size {
			p.End()
			p, i = a.Begin(batch), 0
		}
	}
	p.End()
}

func clickBytes() *service.Message {
	m := service.NewMessage([]byte(click))
	m.MetaSetMut("topic", "clicks")
	return m
}

func BenchmarkAssign(b *testing.B) {
	fields := Config{Variables: map[string]string{"source": `${! json("campaign") }`, "country": `${! this.country }`}, DateField: "event_time"}
	b.Run("two fields and a date", func(b *testing.B) { benchmarkAssign(b, fields, clickBytes) })

	b.Run("of many records", func(b *testing.B) {
		clicks, i := encodetest.Clicks(1000, 1), 0
		cfg := fields
		cfg.Variables = map[string]string{"source": "all", "country": `${! json("country") }`}
		benchmarkAssign(b, cfg, func() *service.Message {
			i++
			return service.NewMessage(clicks[i-1])
		})
	})

	meta := Config{Variables: map[string]string{"source": `${! @topic }`, "country": "all"}, DateField: "event_time"}
	b.Run("metadata and a date", func(b *testing.B) { benchmarkAssign(b, meta, clickBytes) })

	other := Config{Variables: map[string]string{"source": `${! @topic }`, "country": `${! @country }`}, DateField: "event_time"}
	b.Run("other values each time", func(b *testing.B) {
		n := 0
		benchmarkAssign(b, other, func() *service.Message {
			m := clickBytes()
			n++
			m.MetaSetMut("country", strconv.Itoa(n%50))
			return m
		})
	})

	b.Run("structured", func(b *testing.B) {
		benchmarkAssign(b, fields, func() *service.Message {
			var value any
			require.NoError(b, json.Unmarshal([]byte(click), &value))
			m := service.NewMessage(nil)
			m.SetStructured(value)
			return m
		})
	})

	slow := Config{
		Variables: map[string]string{"source": `${! json("campaign").string() }`, "country": `${! this.country.string() }`},
		DateField: `${! json("event_time").string() }`,
	}
	b.Run("through Bloblang", func(b *testing.B) { benchmarkAssign(b, slow, clickBytes) })
}

func TestAssignDoesNotAllocate(t *testing.T) {
	a, err := New(Config{
		Layout:    compile(t, "raw/{{source}}/{{YYYY}}/{{MM}}/{{DD}}", "{{topic}}-{{chunk_id}}", "source", "topic"),
		Variables: map[string]string{"source": `c-${! json("campaign") }`, "topic": `${! @topic }`},
		DateField: "event_time",
	})
	require.NoError(t, err)
	m := clickBytes()
	rec, err := FromMessage(m)
	require.NoError(t, err)
	p := a.Begin(service.MessageBatch{m})
	defer p.End()
	require.Zero(t, testing.AllocsPerRun(100, func() { _, err = p.Assign(0, &rec) }))
	require.NoError(t, err)
}
