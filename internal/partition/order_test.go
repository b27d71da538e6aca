package partition

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/record"
	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// TestFieldsInAnyOrder draws records with the same few names, in any order, some of
// them missing or there twice, and compares paths with those of parsed records.
func TestFieldsInAnyOrder(t *testing.T) {
	a, err := New(Config{
		Layout:    compile(t, "{{v}}/{{w}}/{{YYYY}}", "{{x}}-{{chunk_id}}", "v", "w", "x"),
		Variables: map[string]string{"v": `${! this.name }`, "w": `${! this.name_of.place }`, "x": `${! this.id }-${! this.name }`},
		DateField: "day", OnMissingDate: MissingToday,
	})
	require.NoError(t, err)
	names := []string{"name", "name_of", "names", "id", "day", "a_field_with_a_long_name", "", "é", "n"}
	property.Check(t, func(t *rapid.T) {
		p := a.Begin(service.MessageBatch{service.NewMessage(nil)})
		defer p.End()
		for range rapid.IntRange(1, 6).Draw(t, "records") {
			var fields []string
			for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 0, 7).Draw(t, "names") {
				value := fmt.Sprintf(`"v%d"`, rapid.IntRange(0, 1).Draw(t, "value"))
				switch name {
				case "name_of":
					value = `{"place":` + value + `,"name":"inside"}`
				case "day":
					value = `"2025-01-02"`
				}
				space := rapid.SampledFrom([]string{"", "", " "}).Draw(t, "space")
				fields = append(fields, space+`"`+name+`"`+space+":"+space+value)
			}
			doc := []byte("{" + strings.Join(fields, ",") + "}")
			var value any
			require.NoError(t, json.Unmarshal(doc, &value))
			got, gotErr := p.Assign(0, &record.Record{Raw: doc})
			path := string(got)
			want, wantErr := p.Assign(0, &record.Record{Value: value})
			require.Equal(t, wantErr, gotErr)
			require.Equal(t, string(want), path, string(doc))
		}
	})
}

// TestAnyNumberOfNames has records whose names are data.
func TestAnyNumberOfNames(t *testing.T) {
	a, err := New(Config{Layout: compile(t, "f", "{{v}}-{{chunk_id}}", "v"), Variables: map[string]string{"v": `${! this.last }`}})
	require.NoError(t, err)
	p := a.newPass()
	for i := range 3 * maxFields {
		path, err := p.Assign(0, &record.Record{Raw: fmt.Appendf(nil, `{"first%d":1,"last" :%d}`, i, i)})
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("f/%d-", i), string(path[:strings.IndexByte(string(path), '-')+1]))
		require.LessOrEqual(t, len(p.order.fields), maxFields+2)
		require.NotNil(t, p.order.start.next, "the next record is expected to begin like this one")
	}
}

// TestAnyNumberOfNamesInOneRecord has a record with more names than are remembered.
func TestAnyNumberOfNamesInOneRecord(t *testing.T) {
	a, err := New(Config{Layout: compile(t, "f", "{{v}}-{{chunk_id}}", "v"), Variables: map[string]string{"v": `${! this.last }`}})
	require.NoError(t, err)
	p := a.newPass()
	doc := []byte(`{"` + strings.Repeat("x", maxName+1) + `":1`)
	for i := range 3 * maxFields {
		doc = fmt.Appendf(doc, `,"n%d":1`, i)
	}
	doc = append(doc, `,"last" :"z"}`...)
	for range 2 {
		path, err := p.Assign(0, &record.Record{Raw: doc})
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(path), "f/z-"), string(path))
		require.LessOrEqual(t, len(p.order.fields), maxFields+1)
		for name := range p.order.fields {
			require.LessOrEqual(t, len(name), maxName)
		}
	}
}

// TestTheLastPathIsOnlyThatOfTheSameValues has records that differ in one thing from
// the one before.
func TestTheLastPathIsOnlyThatOfTheSameValues(t *testing.T) {
	cfg := Config{
		Layout:    compile(t, "{{YYYY_today}}/{{a}}/{{b}}/{{YYYY}}", "x-{{chunk_id}}", "a", "b"),
		Variables: map[string]string{"a": `${! this.a }`, "b": `${! this.b }`}, DateField: "d",
	}
	long := strings.Repeat("x", 900)
	paths, errs := assign(t, cfg,
		`{"a":"`+long+`","b":"room for what is too long","d":"2025-01-01"}`,
		`{"a":"ab","b":"c","d":"2025-01-01"}`, `{"a":"ab","b":"c","d":"2025-01-01"}`, `{"a":"a","b":"bc","d":"2025-01-01"}`,
		`{"a":"a","b":"bc","d":"2024-01-01"}`, `{"a":"`+long+long[:80]+`","b":"bc","d":"2024-01-01"}`, `{"a":"a","b":"bc","d":"2024-01-01"}`,
	)
	require.Error(t, errs[5])
	for i, want := range map[int]string{1: "/ab/c/2025/", 2: "/ab/c/2025/", 3: "/a/bc/2025/", 4: "/a/bc/2024/", 6: "/a/bc/2024/"} {
		require.NoError(t, errs[i])
		assert.Contains(t, paths[i], want)
	}

	a, err := New(cfg)
	require.NoError(t, err)
	p := a.newPass()
	rec := record.Record{Raw: []byte(`{"a":"ab","b":"c","d":"2025-01-01"}`)}
	for _, year := range []int{2025, 2026} { // a pass serves many batches
		p.given.Today.Year = year
		path, err := p.Assign(0, &rec)
		require.NoError(t, err)
		assert.Contains(t, string(path), fmt.Sprintf("%d/ab/c/2025/", year))
	}
}

// TestRecordsOfOneFolderShareTheirPath has names that are the same for all records of
// a batch: not for those of the next one, and not where a record decides.
func TestRecordsOfOneFolderShareTheirPath(t *testing.T) {
	now := time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC)
	cfg := Config{Layout: compile(t, "{{YYYY_today}}", "x-{{chunk_id}}"), Dataset: `${! this.a }`, Now: func() time.Time { return now }}
	a, err := New(cfg)
	require.NoError(t, err)
	for _, year := range []string{"2025", "2026"} {
		p := a.Begin(nil)
		for _, name := range []string{"b", "c", "c"} {
			rec := record.Record{Raw: []byte(`{"a":"` + name + `"}`)}
			path, err := p.Assign(0, &rec)
			require.NoError(t, err)
			assert.True(t, strings.HasPrefix(string(path), year+"/x-"), "%s", path)
			dataset, err := p.Dataset(0, &rec)
			require.NoError(t, err)
			assert.Equal(t, name, dataset.Name())
		}
		p.End()
		now = now.Add(time.Hour)
	}

	cfg.Layout, cfg.DateField = compile(t, "{{YYYY}}", "x-{{chunk_id}}"), "d"
	paths, errs := assign(t, cfg, `{"d":"2025-01-01"}`, `{"d":"2024-01-01"}`, `{"d":" 2023-01-01 "}`, `{"d":" 2023-01-01 "}`)
	require.NoError(t, errors.Join(errs...))
	for i, year := range []string{"2025", "2024", "2023", "2023"} {
		assert.Contains(t, paths[i], year+"/")
	}
}

// TestADateIsThatOfItsRecord has dates that are not the text of one field, and records
// that are parsed among those that are not.
func TestADateIsThatOfItsRecord(t *testing.T) {
	a, err := New(Config{Layout: compile(t, "{{YYYY}}-{{MM}}", "x"), DateField: "d"})
	require.NoError(t, err)
	p := a.Begin(nil)
	defer p.End()
	for _, c := range []struct {
		rec  record.Record
		want string
	}{
		{record.Record{Raw: []byte(`{"d":"2025-01-01"}`)}, "2025-01/"},
		{record.Record{Value: map[string]any{"d": "2024-02-01"}}, "2024-02/"},
		{record.Record{Raw: []byte(`{"d":"2023\u002d03-01"}`)}, "2023-03/"},
		{record.Record{Raw: []byte(`{"d":20220401}`)}, "2022-04/"},
	} {
		path, err := p.Assign(0, &c.rec)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(path), c.want), "%s of %s", path, c.want)
	}
	paths, errs := assign(t, Config{Layout: compile(t, "{{YYYY}}-{{MM}}", "x"), DateField: `${! this.d }-05-01`}, `{"d":"2021"}`)
	require.NoError(t, errs[0])
	assert.Contains(t, paths[0], "2021-05/")
}
