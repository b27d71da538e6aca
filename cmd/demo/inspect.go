package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// object is one object as found in the bucket.
type object struct {
	key    string
	size   int
	rows   int // counted in the object, not believed from its metadata
	reason string
	body   []byte
}

func (o object) dir() string { return path.Dir(o.key) }

// letter is what the demo shows of a dead letter.
type letter struct {
	Reason  string `json:"reason"`
	Payload string `json:"payload"`
}

// landing is everything found in the bucket.
type landing struct {
	objects []object
	dead    []object
	letters []letter
}

// inspect reads all objects back with readers that are not our writers.
func inspect(stored []s3test.Object) (landing, error) {
	var l landing
	for _, s := range stored {
		o := object{key: s.Key, size: len(s.Body), reason: s.Metadata["s3d-roll-reason"], body: s.Body}
		if strings.HasSuffix(s.Key, ".jsonl") {
			letters, err := readLetters(s.Body)
			if err != nil {
				return l, fmt.Errorf("reading back %s: %w", s.Key, err)
			}
			o.rows = len(letters)
			l.letters = append(l.letters, letters...)
			l.dead = append(l.dead, o)
			continue
		}
		rows, err := csv.NewReader(bytes.NewReader(s.Body)).ReadAll()
		if err != nil {
			return l, fmt.Errorf("reading back %s: %w", s.Key, err)
		}
		o.rows = len(rows) - 1 // the header
		if told := s.Metadata["s3d-rows"]; told != strconv.Itoa(o.rows) {
			return l, fmt.Errorf("reading back %s: %d rows, its metadata says %s", s.Key, o.rows, told)
		}
		l.objects = append(l.objects, o)
	}
	return l, nil
}

func readLetters(body []byte) ([]letter, error) {
	var letters []letter
	for line := range bytes.Lines(body) {
		var l letter
		if err := json.Unmarshal(line, &l); err != nil {
			return nil, err
		}
		letters = append(letters, l)
	}
	return letters, nil
}

func (l landing) rows() int {
	n := 0
	for _, o := range l.objects {
		n += o.rows
	}
	return n
}

func countLines(text []byte) int { return bytes.Count(text, []byte{'\n'}) }

// metrics are the samples of a Prometheus scrape, summed over their labels.
type metrics map[string]float64

func parseMetrics(text string) metrics {
	m := metrics{}
	for line := range strings.Lines(text) {
		name, value, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found || strings.HasPrefix(line, "#") {
			continue
		}
		name, _, _ = strings.Cut(name, "{")
		if v, err := strconv.ParseFloat(value[strings.LastIndex(value, " ")+1:], 64); err == nil {
			m[name] += v
		}
	}
	return m
}
