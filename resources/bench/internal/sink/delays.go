package sink

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/parquet-go/parquet-go"
)

// ProducedField is the field of a row that holds when it was produced, in
// microseconds since the Unix epoch.
const ProducedField = "produced_us"

// Delays tell how long rows took from being produced to being in a complete
// object.
type Delays struct {
	// Rows are all of them, Distinct how many values of ProducedField they have.
	Rows, Distinct     int
	P50, P90, P99, Max time.Duration
}

// kept is an object with the time at which it was complete.
type kept struct {
	key     string
	content []byte
	at      time.Time
}

// delays reads the objects that were kept. It takes a while: call it when the
// measurement is over.
func (s *Sink) delays(w http.ResponseWriter) {
	s.mu.Lock()
	objects := s.kept
	s.mu.Unlock()
	var all []time.Duration
	values := map[int64]struct{}{}
	for _, o := range objects {
		produced, err := producedTimes(o.key, o.content)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		at := o.at.UnixMicro()
		for _, p := range produced {
			all = append(all, time.Duration(at-p)*time.Microsecond)
			values[p] = struct{}{}
		}
	}
	var d Delays
	if d.Rows = len(all); d.Rows > 0 {
		slices.Sort(all)
		quantile := func(q float64) time.Duration { return all[int(q*float64(len(all)-1))] }
		d.P50, d.P90, d.P99, d.Max = quantile(0.5), quantile(0.9), quantile(0.99), quantile(1)
		d.Distinct = len(values)
	}
	_ = json.NewEncoder(w).Encode(d)
}

// producedTimes reads ProducedField of every row of an object.
func producedTimes(key string, content []byte) (times []int64, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("reading %s: %w", key, err)
		}
	}()
	if strings.HasSuffix(key, ".parquet") {
		return parquetTimes(content)
	}
	if strings.HasSuffix(key, ".gz") {
		r, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return nil, err
		}
		if content, err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
	token := []byte(`"` + ProducedField + `":`)
	for line := range bytes.Lines(content) {
		_, rest, ok := bytes.Cut(line, token)
		if !ok {
			return nil, fmt.Errorf("a row without %s", ProducedField)
		}
		digits := rest[:len(rest)-len(bytes.TrimLeft(rest, "0123456789"))]
		t, err := strconv.ParseInt(string(digits), 10, 64)
		if err != nil {
			return nil, err
		}
		times = append(times, t)
	}
	return times, nil
}

func parquetTimes(content []byte) (times []int64, err error) {
	f, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	leaf, ok := f.Schema().Lookup(ProducedField)
	if !ok {
		return nil, fmt.Errorf("no column %s", ProducedField)
	}
	for _, group := range f.RowGroups() {
		pages := group.ColumnChunks()[leaf.ColumnIndex].Pages()
		for {
			page, err := pages.ReadPage()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, errors.Join(err, pages.Close())
			}
			values := make([]parquet.Value, page.NumValues())
			if _, err := page.Values().ReadValues(values); err != nil && !errors.Is(err, io.EOF) {
				return nil, errors.Join(err, pages.Close())
			}
			for _, v := range values {
				times = append(times, v.Int64())
			}
		}
		if err := pages.Close(); err != nil {
			return nil, err
		}
	}
	return times, nil
}
