package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"
)

// dashboard is what is needed of a Grafana dashboard.
type dashboard struct {
	Panels     []panel `json:"panels"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
}

type panel struct {
	ID      int      `json:"id"`
	Type    string   `json:"type"`
	Title   string   `json:"title"`
	Targets []target `json:"targets"`
}

type target struct {
	RefID  string `json:"refId"`
	Expr   string `json:"expr"`
	Legend string `json:"legendFormat"`
}

type variable struct {
	Name  string `json:"name"`
	Query any    `json:"query"`
}

func readDashboard(path string) (*dashboard, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the dashboard: %w", err)
	}
	d := &dashboard{}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("reading the dashboard %s: %w", path, err)
	}
	return d, nil
}

// scope is what the variables of a query stand for.
type scope struct {
	// rate is the window of rates, window that of rare events, span the whole
	// time that is shown.
	rate, window, span time.Duration
}

var leftover = regexp.MustCompile(`\$\w+`)

// expand puts values in place of the variables of a query, as Grafana does.
func (s scope) expand(expr string) (string, error) {
	expr = strings.NewReplacer(
		"$instance", ".*",
		"$output", ".*",
		"$window", prometheusDuration(s.window),
		"$put_price", "0.005",
		"$__rate_interval", prometheusDuration(s.rate),
		"$__range", prometheusDuration(s.span),
	).Replace(expr)
	if v := leftover.FindString(expr); v != "" {
		return "", fmt.Errorf("a query uses the variable %s, which nobody sets: %s", v, expr)
	}
	return expr, nil
}

func prometheusDuration(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }

// legend names a series as Grafana does.
func (t target) legend(labels map[string]string) string {
	return legendLabel.ReplaceAllStringFunc(t.Legend, func(m string) string {
		return labels[legendLabel.FindStringSubmatch(m)[1]]
	})
}

var legendLabel = regexp.MustCompile(`{{\s*(\w+)\s*}}`)

// rules are the queries of all panels as recording rules, for promtool.
func (d *dashboard) rules() (string, error) {
	var b strings.Builder
	b.WriteString("groups:\n  - name: dashboard\n    rules:\n")
	s := scope{rate: time.Minute, window: 5 * time.Minute, span: time.Hour}
	for _, p := range d.Panels {
		for _, t := range p.Targets {
			expr, err := s.expand(t.Expr)
			if err != nil {
				return "", fmt.Errorf("panel %q: %w", p.Title, err)
			}
			fmt.Fprintf(&b, "      - record: panel%d:%s\n        expr: %q\n", p.ID, t.RefID, expr)
		}
	}
	return b.String(), nil
}
