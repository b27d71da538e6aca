//go:build !nokafka

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/linkedin/goavro/v2"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/testutil/s3test"
)

// rowsOf reads an object of any format, by its extension.
func rowsOf(t *testing.T, o s3test.Object) []map[string]any {
	t.Helper()
	body, name := o.Body, o.Key
	if rest, ok := strings.CutSuffix(name, ".gz"); ok {
		r, err := gzip.NewReader(bytes.NewReader(body))
		require.NoError(t, err, o.Key)
		body, err = io.ReadAll(r)
		require.NoError(t, err, o.Key)
		name = rest
	}
	read := map[string]func([]byte) ([]map[string]any, error){
		"csv": csvRowsOf, "json": jsonRowsOf, "parquet": parquetRowsOf, "avro": avroRowsOf,
	}[name[strings.LastIndexByte(name, '.')+1:]]
	require.NotNil(t, read, o.Key)
	rows, err := read(body)
	require.NoError(t, err, o.Key)
	require.Equal(t, strconv.Itoa(len(rows)), o.Metadata["s3d-rows"], o.Key)
	return rows
}

func csvRowsOf(body []byte) (rows []map[string]any, err error) {
	all, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		return nil, err
	}
	for _, cells := range all[1:] {
		row := map[string]any{}
		for i, cell := range cells {
			row[all[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func jsonRowsOf(body []byte) (rows []map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	for {
		var row map[string]any
		if err := d.Decode(&row); errors.Is(err, io.EOF) {
			return rows, nil
		} else if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
}

func parquetRowsOf(body []byte) ([]map[string]any, error) {
	f, err := parquet.OpenFile(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil, err
	}
	rows := make([]map[string]any, f.NumRows())
	r := parquet.NewGenericReader[map[string]any](f, f.Schema())
	for i := range rows {
		rows[i] = map[string]any{}
	}
	for n := 0; n < len(rows); {
		m, err := r.Read(rows[n:])
		if n += m; err != nil && !errors.Is(err, io.EOF) || m == 0 {
			return nil, fmt.Errorf("reading row %d: %w", n, err)
		}
	}
	for _, row := range rows { // this reader gives times as they are stored
		if micros, ok := row["kafka_timestamp"].(int64); ok {
			row["kafka_timestamp"] = time.UnixMicro(micros)
		}
	}
	return rows, r.Close()
}

func avroRowsOf(body []byte) (rows []map[string]any, err error) {
	r, err := goavro.NewOCFReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for r.Scan() {
		v, err := r.Read()
		if err != nil {
			return nil, err
		}
		row := map[string]any{}
		for name, cell := range v.(map[string]any) {
			if union, ok := cell.(map[string]any); ok {
				for _, value := range union {
					cell = value
				}
			}
			row[name] = cell
		}
		rows = append(rows, row)
	}
	return rows, r.Err()
}

// shown prints a value as every format can agree on.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []byte:
		return string(v)
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000Z")
	case map[string]any: // headers, an object in JSON
		text, _ := json.Marshal(v)
		return string(text)
	}
	return fmt.Sprint(v)
}

func whole(t *testing.T, v any) int64 {
	t.Helper()
	n, err := strconv.ParseInt(shown(v), 10, 64)
	require.NoError(t, err)
	return n
}

// kafkaLetter is a dead letter, as docs/operations.md describes it.
type kafkaLetter struct {
	Payload string
	Source  struct {
		Partition int32 `json:"kafka_partition"`
		Offset    int64 `json:"kafka_offset"`
	}
}

func (l kafkaLetter) place() place { return place{l.Source.Partition, l.Source.Offset} }

func lettersOf(t *testing.T, o s3test.Object) (letters []kafkaLetter) {
	t.Helper()
	for line := range bytes.Lines(o.Body) {
		var l kafkaLetter
		require.NoError(t, json.Unmarshal(line, &l), "%s", line)
		letters = append(letters, l)
	}
	return letters
}
