package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// answers are what Prometheus said to the queries of a dashboard.
type answers struct {
	From   float64  `json:"from"`
	To     float64  `json:"to"`
	Panels []answer `json:"panels"`
	alerts []string
}

// answer is what it said to the queries of a panel.
type answer struct {
	ID      int      `json:"id"`
	Title   string   `json:"title"`
	Targets []result `json:"targets"`
}

type result struct {
	Expr   string   `json:"expr"`
	Series []series `json:"series"`
}

type series struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
	// Points are pairs of Unix time and value. What is no number is left out.
	Points [][2]float64 `json:"points"`
}

// points is how many a series has at most.
const points = 240

// ask asks for everything that the dashboard would show of a time.
func (w *world) ask(ctx context.Context, d *dashboard, from, to time.Time) (*answers, error) {
	span := to.Sub(from)
	s := scope{rate: max(5*time.Second, span/40), window: max(10*time.Second, span/16), span: span}
	all := &answers{From: float64(from.Unix()), To: float64(to.Unix())}
	for _, p := range d.Panels {
		a := answer{ID: p.ID, Title: p.Title}
		for _, t := range p.Targets {
			expr, err := s.expand(t.Expr)
			if err != nil {
				return nil, fmt.Errorf("panel %q: %w", p.Title, err)
			}
			found, err := w.query(ctx, expr, from, to)
			if err != nil {
				return nil, fmt.Errorf("panel %q: %w", p.Title, err)
			}
			for i := range found {
				found[i].Name = t.legend(found[i].Labels)
			}
			a.Targets = append(a.Targets, result{Expr: expr, Series: found})
		}
		all.Panels = append(all.Panels, a)
	}
	active, err := w.query(ctx, `max by (alertname, alertstate) (ALERTS)`, from, to)
	for _, s := range active {
		all.alerts = append(all.alerts, s.Labels["alertname"]+" "+s.Labels["alertstate"])
	}
	return all, err
}

// query evaluates an expression over a time.
func (w *world) query(ctx context.Context, expr string, from, to time.Time) ([]series, error) {
	form := url.Values{
		"query": {expr},
		"start": {strconv.FormatInt(from.Unix(), 10)}, "end": {strconv.FormatInt(to.Unix(), 10)},
		"step": {strconv.FormatFloat(max(1, to.Sub(from).Seconds()/points), 'f', 3, 64)},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.prometheus+"/api/v1/query_range?"+form.Encode(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("asking Prometheus: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking Prometheus: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	var reply struct {
		Error string
		Data  struct {
			Result []struct {
				Metric map[string]string
				Values [][2]any
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		return nil, fmt.Errorf("reading the answer to %s: %w", expr, err)
	}
	if reply.Error != "" {
		return nil, fmt.Errorf("asking for %s: %s", expr, reply.Error)
	}
	var all []series
	for _, r := range reply.Data.Result {
		all = append(all, series{Labels: r.Metric, Points: numbers(r.Values)})
	}
	return all, nil
}

func numbers(values [][2]any) [][2]float64 {
	out := make([][2]float64, 0, len(values))
	for _, v := range values {
		at, ok := v[0].(float64)
		text, isText := v[1].(string)
		n, err := strconv.ParseFloat(text, 64)
		if ok && isText && err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
			out = append(out, [2]float64{at, n})
		}
	}
	return out
}

func (a *answers) write(path string) error {
	text, err := json.Marshal(a)
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return fmt.Errorf("writing the answers: %w", err)
	}
	return nil
}

// wanted are alerts that the play must have set off.
var wanted = []string{"S3DestinationDown pending"}

// quiet are metrics of what the play does not bring about: all their values
// may be zero.
var quiet = []string{
	"failed_records_total", "stalls_total", "saturations_total", "memory_waits_total", "multipart_uploads_left_total", "encryption_mismatches_total", "probe_leftover",
}

// judge reports every query, and fails when one returned nothing, or nothing
// but zeros.
func (a *answers) judge(out io.Writer) error {
	queries, empty := 0, 0
	for _, p := range a.Panels {
		for _, t := range p.Targets {
			if strings.Contains(t.Expr, "s3_destination_kafka_") {
				continue // the records of this run come over HTTP
			}
			queries++
			values, moved := t.values()
			if values == 0 || !moved && !t.quiet() {
				empty++
				_, _ = fmt.Fprintf(out, "NOTHING  %s: %s\n", p.Title, t.Expr)
				continue
			}
			_, _ = fmt.Fprintf(out, "%3d series, %5d values  %s\n", len(t.Series), values, p.Title)
		}
	}
	_, _ = fmt.Fprintf(out, "%d queries, %d of them without an answer; alerts: %v\n", queries, empty, a.alerts)
	if queries == 0 || empty > 0 {
		return errors.New("the dashboard has panels that show nothing")
	}
	for _, alert := range wanted {
		if !slices.Contains(a.alerts, alert) {
			return fmt.Errorf("the alert %q should have been raised", alert)
		}
	}
	return nil
}

// values counts the values of a query, and tells whether any of them is not
// zero.
func (r result) values() (n int, moved bool) {
	for _, s := range r.Series {
		n += len(s.Points)
		for _, p := range s.Points {
			moved = moved || p[1] != 0
		}
	}
	return n, moved
}

func (r result) quiet() bool {
	return slices.ContainsFunc(quiet, func(metric string) bool { return strings.Contains(r.Expr, metric) })
}
