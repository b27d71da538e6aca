package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// These tests hold the dashboard and the alert rules to the metrics that the
// output registers when it runs.

// unused are metrics that neither the dashboard nor an alert looks at, with the
// reason.
var unused = map[string]string{}

// query is a PromQL expression, with the labels that its surroundings print.
type query struct {
	where, expr string
	prints      []string
}

func queriesOfTheDashboard(t *testing.T) []query {
	t.Helper()
	d, err := readDashboard("grafana-dashboard.json")
	require.NoError(t, err)
	var all []query
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			all = append(all, query{where: "panel " + p.Title, expr: target.Expr, prints: firsts(legendLabel, target.Legend)})
		}
	}
	for _, v := range d.Templating.List {
		text, err := json.Marshal(v.Query)
		require.NoError(t, err)
		all = append(all, query{where: "variable " + v.Name, expr: string(text)})
	}
	return all
}

// alert is what is needed of an alert rule.
type alert struct {
	Alert, Expr string
	Annotations map[string]string
}

var printed = regexp.MustCompile(`\$labels\.(\w+)`)

func alerts(t *testing.T) []alert {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []alert }
	}
	readYAML(t, "prometheus-alerts.yaml", "groups", &file)
	var all []alert
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	require.NotEmpty(t, all)
	return all
}

// readYAML reads a file whose only interesting field is a list.
func readYAML(t *testing.T, path, field string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	spec := service.NewConfigSpec().Field(service.NewAnyListField(field))
	parsed, err := spec.ParseYAML(string(text), nil)
	require.NoError(t, err)
	items, err := parsed.FieldAnyList(field)
	require.NoError(t, err)
	list := make([]any, 0, len(items))
	for _, item := range items {
		value, err := item.FieldAny()
		require.NoError(t, err)
		list = append(list, value)
	}
	text, err = json.Marshal(map[string]any{field: list})
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

// firsts are the first groups of all matches.
func firsts(re *regexp.Regexp, text string) (all []string) {
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

var (
	selector = regexp.MustCompile(`\b(s3_destination_\w+)(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)\s*"`)
	grouping = regexp.MustCompile(`\b(by|without)\s*\(([^)]*)\)`)
	values   = regexp.MustCompile(`label_values\((\w+), (\w+)\)`)
)

// check returns what is wrong with a query, and the metrics that it uses.
func (q query) check(known map[string]metric) (wrong, used []string) {
	say := func(format string, args ...any) { wrong = append(wrong, q.where+": "+fmt.Sprintf(format, args...)) }
	labels := slices.Clone(ofPrometheus)
	for _, m := range selector.FindAllStringSubmatch(q.expr, -1) {
		found, ok := known[m[1]]
		if !ok {
			say("there is no metric %s", m[1])
			continue
		}
		used = append(used, m[1])
		labels = append(labels, found.labels...)
		for _, l := range firsts(matcher, m[2]) {
			if !slices.Contains(found.labels, l) && !slices.Contains(ofPrometheus, l) {
				say("%s has no label %s", m[1], l)
			}
		}
	}
	kept := labels
	for _, g := range grouping.FindAllStringSubmatch(q.expr, -1) {
		named := strings.FieldsFunc(g[2], func(r rune) bool { return r == ',' || r == ' ' })
		for _, l := range named {
			if !slices.Contains(labels, l) {
				say("no metric in it has the label %s: %s", l, q.expr)
			}
		}
		if g[1] == "by" {
			kept = named
		} else {
			kept = slices.DeleteFunc(slices.Clone(kept), func(l string) bool { return slices.Contains(named, l) })
		}
	}
	for _, l := range append(q.prints, secondsOf(values, q.expr)...) {
		if !slices.Contains(kept, l) {
			say("it prints the label %s, which its result does not have", l)
		}
	}
	return wrong, used
}

func secondsOf(re *regexp.Regexp, text string) (all []string) {
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		all = append(all, m[2])
	}
	return all
}

func queries(t *testing.T) []query {
	t.Helper()
	all := queriesOfTheDashboard(t)
	for _, a := range alerts(t) {
		q := query{where: "alert " + a.Alert, expr: a.Expr}
		for _, text := range a.Annotations {
			q.prints = append(q.prints, firsts(printed, text)...)
		}
		all = append(all, q)
	}
	return all
}

func TestDashboardAndAlertsUseMetricsThatExist(t *testing.T) {
	known := registered(t)
	used := map[string]bool{}
	for _, q := range queries(t) {
		wrong, names := q.check(known)
		assert.Empty(t, wrong)
		for _, name := range names {
			used[name] = true
		}
	}
	for name := range known {
		if why, listed := unused[name]; listed {
			assert.False(t, used[name], "%s is listed as unused (%s)", name, why)
		} else {
			assert.True(t, used[name], "neither the dashboard nor an alert looks at %s: show it, or list it with the reason", name)
		}
	}
	for name := range unused {
		assert.Contains(t, known, name, "listed as unused")
	}
}

func TestDriftIsFound(t *testing.T) {
	known := map[string]metric{
		"s3_destination_objects_total": {kind: "counter", labels: []string{"format", "reason"}},
		"s3_destination_rows_total":    {kind: "counter", labels: []string{"format"}},
	}
	for name, tc := range map[string]struct {
		q    query
		want string
	}{
		"fine": {query{expr: `sum by (reason) (rate(s3_destination_objects_total{format="json",instance=~"a"}[1m]))`, prints: []string{"reason"}}, ""},
		"a metric with another name": {
			query{expr: `rate(s3_destination_object_total[1m])`}, "there is no metric s3_destination_object_total",
		},
		"another metric in the same query": {
			query{expr: `s3_destination_rows_total / s3_destination_records_total`}, "there is no metric s3_destination_records_total",
		},
		"a label that is matched": {
			query{expr: `s3_destination_rows_total{reason!~"size"}`}, "s3_destination_rows_total has no label reason",
		},
		"a label that is grouped by":     {query{expr: `sum by (class) (s3_destination_rows_total)`}, "no metric in it has the label class"},
		"a label that is left out":       {query{expr: `sum without (class) (s3_destination_rows_total)`}, "no metric in it has the label class"},
		"a label that is printed":        {query{expr: `s3_destination_rows_total`, prints: []string{"reason"}}, "it prints the label reason"},
		"a printed label that is summed": {query{expr: `sum by (format) (s3_destination_objects_total)`, prints: []string{"reason"}}, "it prints the label reason"},
		"a printed label that is gone":   {query{expr: `sum without (reason) (s3_destination_objects_total)`, prints: []string{"reason"}}, "it prints the label reason"},
		"a variable":                     {query{expr: `{"query":"label_values(s3_destination_rows_total, class)"}`}, "it prints the label class"},
	} {
		t.Run(name, func(t *testing.T) {
			wrong, _ := tc.q.check(known)
			if tc.want == "" {
				assert.Empty(t, wrong)
			} else {
				assert.Contains(t, strings.Join(wrong, "\n"), tc.want)
			}
		})
	}
}

func TestVariablesOfQueriesAreKnown(t *testing.T) {
	d, err := readDashboard("grafana-dashboard.json")
	require.NoError(t, err)
	text, err := d.rules()
	require.NoError(t, err, "a variable that the dashboard does not define")
	for _, v := range []string{"instance", "output", "window", "put_price", "datasource"} {
		assert.True(t, slices.ContainsFunc(d.Templating.List, func(x variable) bool { return x.Name == v }), v)
	}
	assert.Contains(t, text, "record: panel")
	_, err = scope{}.expand("rate(x[$nope])")
	assert.ErrorContains(t, err, "$nope")
}

var sections = regexp.MustCompile(`(?m)^### (\w+)$`)

func TestAlertsLeadToTheirRunbook(t *testing.T) {
	const home = "https://github.com/s3-destination/s3-destination/blob/main/"
	for _, a := range alerts(t) {
		url, ok := strings.CutPrefix(a.Annotations["runbook_url"], home)
		require.True(t, ok, "%s has no runbook", a.Alert)
		path, anchor, _ := strings.Cut(url, "#")
		page, err := os.ReadFile(filepath.Join("../..", path))
		require.NoError(t, err, a.Alert)
		assert.Equal(t, strings.ToLower(a.Alert), anchor)
		assert.Contains(t, firsts(sections, string(page)), a.Alert, "headings of %s", path)
		assert.NotEmpty(t, a.Annotations["summary"])
		assert.NotEmpty(t, a.Annotations["description"])
	}
}

func TestEveryAlertIsTested(t *testing.T) {
	var file struct {
		Tests []struct {
			AlertRuleTest []struct {
				AlertName string            `json:"alertname"`
				Expected  []json.RawMessage `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		}
	}
	readYAML(t, "prometheus-alerts.test.yaml", "tests", &file)
	raised, silent := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		for _, c := range test.AlertRuleTest {
			if len(c.Expected) > 0 {
				raised[c.AlertName] = true
			} else {
				silent[c.AlertName] = true
			}
		}
	}
	for _, a := range alerts(t) {
		assert.True(t, raised[a.Alert], "no test raises %s", a.Alert)
		assert.True(t, silent[a.Alert], "no test finds %s silent", a.Alert)
	}
}
