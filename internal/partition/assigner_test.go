package partition

import (
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
		{"broken expression", "variables.v: parsing", Config{Layout: plain, Variables: map[string]string{"v": "${! json( }"}}},
		{"broken unused expression", "variables.w: parsing", Config{Layout: plain, Variables: map[string]string{"v": "", "w": "${! nope() }"}}},
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
		{"on_missing_date", "neither reject nor today", Config{Layout: dated, DateField: "d", OnMissingDate: "drop"}},
		{"coarser than the names", "partition_by: month", Config{Layout: dated, DateField: "d", PartitionBy: template.PartitionMonth}},
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
