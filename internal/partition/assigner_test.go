package partition

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/template"
)

func compile(t testing.TB, folder, file string, variables ...string) *template.Layout {
	t.Helper()
	l, err := template.Compile(template.Config{Folder: folder, FileName: file, Variables: variables})
	require.NoError(t, err)
	return l
}

func assign(t testing.TB, cfg Config, docs ...string) (paths []string, errs []error) {
	t.Helper()
	a, err := New(cfg)
	require.NoError(t, err)
	var batch service.MessageBatch
	for _, doc := range docs {
		batch = append(batch, service.NewMessage([]byte(doc)))
	}
	p := a.Begin(batch)
	defer p.End()
	for i, m := range batch {
		rec, err := FromMessage(m)
		require.NoError(t, err)
		path, err := p.Assign(i, &rec)
		paths = append(paths, string(path))
		errs = append(errs, err)
	}
	return paths, errs
}

func TestRecordsOfOneBatchGoToTheirOwnPartitions(t *testing.T) {
	paths, errs := assign(t, Config{
		Layout:    compile(t, "{{src}}/{{YYYY}}/{{MM}}/{{DD}}", "{{row}}-{{kind}}", "src", "kind", "row"),
		Variables: map[string]string{"src": `${! json("src") }`, "kind": "fixed", "row": "${! batch_index() }"},
		DateField: "meta.day",
	},
		`{"src":"ads","meta":{"day":"2025-07-07"}}`,
		`{"src":"a/b","meta":{"day":"2025-07-07"}}`,
		`{"meta":{"day":1751890517}}`,
		`{"src":"ads","meta":{}}`,
		`{"src":"ads","meta":{"day":"soon"}}`,
		`{`,
		`{"src":null,"meta":{"day":"2025-12-31T23:59:59Z"}}`,
	)
	assert.Equal(t, []string{
		"ads/2025/07/07/0-fixed", "a%2Fb/2025/07/07/1-fixed", "__HIVE_DEFAULT_PARTITION__/2025/07/07/2-fixed",
		"", "", "", "__HIVE_DEFAULT_PARTITION__/2025/12/31/6-fixed",
	}, paths)
	require.ErrorIs(t, errs[3], ErrMissingDate)
	require.NotErrorIs(t, errs[3], ErrInvalidDate)
	require.ErrorContains(t, errs[3], "{{YYYY_today}}")
	require.ErrorContains(t, errs[3], "meta.day")
	require.ErrorIs(t, errs[4], ErrInvalidDate)
	require.ErrorContains(t, errs[4], `"soon"`)
	require.Error(t, errs[5])
	require.NoError(t, errors.Join(errs[0], errs[1], errs[2], errs[6]))
}

func TestTodayIsTheClockInTheTimeZone(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	require.NoError(t, err)
	paths, errs := assign(t, Config{
		Layout:        compile(t, "{{YYYY}}-{{MM}}-{{DD}}T{{HH}}", "{{YYYY_today}}{{MM_today}}{{DD_today}}{{HH_today}}"),
		DateField:     "day",
		Location:      tokyo,
		OnMissingDate: MissingToday,
		Now:           func() time.Time { return time.Date(2025, 7, 6, 23, 30, 0, 0, time.UTC) },
	}, `{}`, `{"day":null}`, `{"day":"  "}`, `{"day":"2024-02-29"}`, `{"day":"x"}`)
	assert.Equal(t, []string{"2025-07-07T08/2025070708", "2025-07-07T08/2025070708", "2025-07-07T08/2025070708", "2024-02-29T00/2025070708", ""}, paths)
	assert.ErrorIs(t, errs[4], ErrInvalidDate, "a date that is there and wrong is never today")
}

// TestRecordsWithoutAKafkaTimestampHaveNoDate has the numbers that inputs set
// where Kafka has no timestamp, in the types in which they arrive.
func TestRecordsWithoutAKafkaTimestampHaveNoDate(t *testing.T) {
	none := map[string][]any{
		"kafka_timestamp_ms":   {-1, int64(-62135596800000), "-1", json.Number("-62135596800000"), -1.0, time.Time{}, nil},
		"kafka_timestamp_unix": {int64(-1), int64(-62135596800), json.Number("-1"), "-62135596800", time.Time{}},
	}
	for key, values := range none {
		for _, field := range []string{"@" + key, `meta("` + key + `")`, `metadata("` + key + `")`, `${! @` + key + ` }`, `${! @` + key + `.or(null) }`} {
			layout := compile(t, "", "{{YYYY}}-{{v}}", "v")
			for _, missing := range []MissingDate{MissingReject, MissingToday} {
				a, err := New(Config{
					Layout: layout, DateField: field, OnMissingDate: missing, Variables: map[string]string{"v": "${! @" + key + " }"},
					Now: func() time.Time { return time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC) },
				})
				require.NoError(t, err)
				for _, v := range values {
					path, err := assignOne(t, a, map[string]any{key: v})
					if missing == MissingReject {
						assert.ErrorIs(t, err, ErrMissingDate, "%s is %v", field, v)
						continue
					}
					require.NoError(t, err, "%s is %v", field, v)
					want := "2031-" + template.DefaultPartition
					if _, isTime := v.(time.Time); isTime {
						want = "2031-0001-01-01T00:00:00Z" // text that a mapping has made
					}
					assert.Equal(t, want, path, "%s is %v", field, v)
				}
				path, err := assignOne(t, a, map[string]any{key: "0"})
				require.NoError(t, err)
				assert.Equal(t, "1970-0", path)
			}
		}
	}
}

// assignOne returns the path of an empty record with metadata.
func assignOne(t *testing.T, a *Assigner, metadata map[string]any) (string, error) {
	t.Helper()
	m := service.NewMessage([]byte(`{}`))
	for k, v := range metadata {
		m.MetaSetMut(k, v)
	}
	p := a.Begin(service.MessageBatch{m})
	defer p.End()
	path, err := p.Assign(0, &record.Record{Raw: []byte(`{}`), Meta: m})
	for k, v := range metadata {
		kept, ok := m.MetaGetMut(k)
		assert.True(t, ok, "the message itself stays as it is")
		assert.Equal(t, v, kept)
	}
	return string(path), err
}

func TestVariablesCanDemandAValue(t *testing.T) {
	docs := []string{`{"v":"x"}`, `{"v":null}`, `{}`, `{"v":""}`, `{"v":0}`, `{"v":false}`, `{"v":"null"}`, `{"v":[]}`}
	for text, want := range map[string][]string{
		`${! json("v") }`:   {"x", "", "", "", "0", "false", "null", "[]"},
		`${! this.v }`:      {"x", "", "", "", "0", "false", "null", "[]"},
		`a-${! json("v") }`: {"a-x", "", "", "", "a-0", "a-false", "a-null", "a-[]"},
		// What Bloblang computes is text, in which null is a word.
		`${! json("v").or(null) }`: {"x", "", "", "", "0", "false", "", "[]"},
	} {
		paths, errs := assign(t, Config{
			Layout: compile(t, "", "{{v}}", "v"), Variables: map[string]string{"v": text}, OnMissingVariable: VariableReject,
		}, docs...)
		assert.Equal(t, want, paths, text)
		for i, path := range paths {
			if path != "" {
				assert.NoError(t, errs[i])
				continue
			}
			assert.ErrorIs(t, errs[i], ErrMissingVariable, "%s of %s", text, docs[i])
			assert.ErrorContains(t, errs[i], "{{v}}")
			assert.ErrorContains(t, errs[i], "on_missing_variable")
		}
	}
	for _, text := range []string{`${! @v }`, `${! meta("v") }`, `${! metadata("v") }`, `${! @v.or("") }`} {
		a, err := New(Config{Layout: compile(t, "", "{{v}}", "v"), Variables: map[string]string{"v": text}, OnMissingVariable: VariableReject})
		require.NoError(t, err)
		for _, m := range []map[string]any{{}, {"v": nil}, {"v": ""}} {
			_, err := assignOne(t, a, m)
			assert.ErrorIs(t, err, ErrMissingVariable, text)
		}
		path, err := assignOne(t, a, map[string]any{"v": 7})
		assert.NoError(t, err)
		assert.Equal(t, "7", path)
	}
	for _, missing := range []MissingVariable{"", VariableDefault} {
		paths, errs := assign(t, Config{
			Layout: compile(t, "", "{{v}}", "v"), Variables: map[string]string{"v": `${! json("v") }`}, OnMissingVariable: missing,
		}, docs[:4]...)
		assert.Equal(t, []string{"x", template.DefaultPartition, template.DefaultPartition, template.DefaultPartition}, paths)
		require.NoError(t, errors.Join(errs...))
	}
}

// TestOnlyVariablesInUseAreDemanded has one that no name shows.
func TestOnlyVariablesInUseAreDemanded(t *testing.T) {
	paths, errs := assign(t, Config{
		Layout:            compile(t, "", "{{v}}", "v", "w"),
		Variables:         map[string]string{"v": "x", "w": `${! json("absent") }`},
		OnMissingVariable: VariableReject,
	}, `{}`)
	require.NoError(t, errs[0])
	assert.Equal(t, []string{"x"}, paths)
}

func TestPathsThatCanNeverMatch(t *testing.T) {
	bad := []string{"user..city", ".city", "city.", "..", "."}
	for _, path := range bad {
		for _, text := range []string{
			`${! json("` + path + `") }`, `x-${! json("` + path + `") }`, `${!json("` + path + `")}`, `${! json("` + path + `").uppercase() }`,
			`${! json("ok") + json("` + path + `") }`, `${! this.get("` + path + `") }`, `${! json(path: "` + path + `") }`,
		} {
			_, err := New(Config{Layout: compile(t, "", "{{v}}", "v"), Variables: map[string]string{"v": text}})
			require.Error(t, err, text)
			assert.ErrorContains(t, err, "variables.v: ")
			assert.ErrorContains(t, err, `the path "`+path+`" has an empty segment`)
		}
		for _, field := range []string{path, `json("` + path + `")`, `${! json("` + path + `") }`, `${! json("` + path + `").string() }`} {
			_, err := New(Config{Layout: compile(t, "", "{{YYYY}}"), DateField: field})
			require.Error(t, err, field)
			assert.ErrorContains(t, err, "date_field: ")
			assert.ErrorContains(t, err, "has an empty segment")
		}
	}
	for _, text := range []string{`${! this.user..city }`, `${! this.user. }`} {
		_, err := New(Config{Layout: compile(t, "", "{{v}}", "v"), Variables: map[string]string{"v": text}})
		assert.ErrorContains(t, err, "variables.v", "Bloblang refuses it itself")
	}
	for _, text := range []string{
		`json("a..b")`, `${! json() }`, `${! json("") }`, `${! json("a~1.b") }`, `${! this."" }`, `${! json("a.*.b") }`, `${! "json(\"a..b\")" }`,
		`${! content().parse_json() }`,
	} {
		_, err := New(Config{Layout: compile(t, "", "{{v}}", "v"), Variables: map[string]string{"v": text}})
		assert.NoError(t, err, text)
	}
}

func TestDateFieldForms(t *testing.T) {
	for _, field := range []string{
		"a.day", "a.dotted~1name", "list.1", `meta("day")`, `metadata("day")`, "@day", `@"day"`, `json("a.day")`, "this.a.day",
		`${! json("a.day") }`, `${! meta("day").slice(0, 10) }`,
	} {
		a, err := New(Config{Layout: compile(t, "", "{{YYYY}}-{{MM}}-{{DD}}"), DateField: field})
		require.NoError(t, err, field)
		m := service.NewMessage([]byte(`{"list":["x","2025-07-07"],"a":{"day":"2025-07-07","dotted.name":"2025-07-07"}}`))
		m.MetaSetMut("day", "2025-07-07")
		p := a.Begin(service.MessageBatch{m})
		path, err := p.Assign(0, &record.Record{Raw: []byte(`{"list":["x","2025-07-07"],"a":{"day":"2025-07-07","dotted.name":"2025-07-07"}}`), Meta: m})
		require.NoError(t, err, field)
		assert.Equal(t, "2025-07-07", string(path), field)
		p.End()
	}
}

func TestNewRefuses(t *testing.T) {
	dated := compile(t, "", "{{YYYY}}{{DD}}")
	plain := compile(t, "", "{{v}}", "v")
	tests := []struct {
		name, want string
		cfg        Config
	}{
		{"broken expression", "variables.v: \"${! json( }\" is no expression", Config{Layout: plain, Variables: map[string]string{"v": "${! json( }"}}},
		{"broken unused expression", "is no expression", Config{Layout: plain, Variables: map[string]string{"v": "", "w": "${! nope() }"}}},
		{"no value", "{{v}} is used but has no value", Config{Layout: plain}},
		{"no date field", "date_field: {{DD}} is taken from each record", Config{Layout: dated}},
		{"empty segment", "empty segment", Config{Layout: dated, DateField: "a..b"}},
		{"wildcard", "no single date", Config{Layout: dated, DateField: "a.*"}},
		{"function", "write a Bloblang expression", Config{Layout: dated, DateField: "now()"}},
		{"broken date expression", "date_field", Config{Layout: dated, DateField: "${! json( }"}},
		{"strftime", "Go time layout", Config{Layout: dated, DateField: "d", DateFormat: "%d.%m.%Y"}},
		{"letters", "Go time layout", Config{Layout: dated, DateField: "d", DateFormat: "YYYY-MM-DD"}},
		{"no day", "Go time layout", Config{Layout: dated, DateField: "d", DateFormat: "2006-01"}},
		{"abbreviated zone", "ambiguous", Config{Layout: dated, DateField: "d", DateFormat: "2006-01-02 15:04 MST"}},
		{"a unit that is none", "unix, unix_ms, unix_us or unix_ns", Config{Layout: dated, DateField: "d", DateFormat: "auto | unix_s"}},
		{"an empty format", "Go time layout", Config{Layout: dated, DateField: "d", DateFormat: "auto |"}},
		{"on_missing_variable", "is unknown: write default or reject", Config{Layout: dated, DateField: "d", OnMissingVariable: "drop"}},
		{"demanded and empty", "refuses every record", Config{Layout: plain, Variables: map[string]string{"v": ""}, OnMissingVariable: VariableReject}},
		{"on_missing_date", "is unknown: write reject or today", Config{Layout: dated, DateField: "d", OnMissingDate: "drop"}},
		{"coarser than the names", `partition_by: "month"`, Config{Layout: dated, DateField: "d", PartitionBy: template.PartitionMonth}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.cfg)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestUnusedVariablesAndDatesAreNeverEvaluated(t *testing.T) {
	paths, errs := assign(t, Config{
		Layout:    compile(t, "", "{{v}}", "v", "w"),
		Variables: map[string]string{"v": "x", "w": `${! throw("evaluated") }`},
		DateField: "day",
	}, `not even JSON`)
	require.NoError(t, errs[0])
	assert.Equal(t, []string{"x"}, paths)
}

func TestFailingExpressionsNameTheVariable(t *testing.T) {
	_, errs := assign(t, Config{
		Layout:    compile(t, "", "{{v}}", "v"),
		Variables: map[string]string{"v": `${! throw("no such account") }`},
	}, `{}`)
	assert.ErrorContains(t, errs[0], "rendering {{v}}")
	assert.ErrorContains(t, errs[0], "no such account")
}

func TestPassesOfManyCallsDoNotMix(t *testing.T) {
	a, err := New(Config{
		Layout:    compile(t, "{{YYYY}}/{{DD}}", "{{v}}-{{w}}", "v", "w"),
		Variables: map[string]string{"v": `${! json("v") }`, "w": `${! json("v").string() }`},
		DateField: "d",
	})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				doc := fmt.Sprintf(`{"v":"%d-%d","d":"20%02d-01-%02d"}`, g, i, g, i%28+1)
				m := service.NewMessage([]byte(doc))
				p := a.Begin(service.MessageBatch{m})
				path, err := p.Assign(0, &record.Record{Raw: []byte(doc), Meta: m})
				assert.NoError(t, err)
				assert.Equal(t, fmt.Sprintf("20%02d/%02d/%d-%d-%d-%d", g, i%28+1, g, i, g, i), string(path))
				p.End()
			}
		})
	}
	wg.Wait()
}
