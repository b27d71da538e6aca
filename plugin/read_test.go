package plugin_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/linkedin/goavro/v2"
)

// valuesOf reads one field of every record of an object, as text, with readers
// that are not our writers. The key tells the format.
func valuesOf(key string, body []byte, field string) ([]string, error) {
	if rest, gzipped := strings.CutSuffix(key, ".gz"); gzipped {
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		if body, err = io.ReadAll(r); err != nil {
			return nil, err
		}
		key = rest
	}
	switch path.Ext(key) {
	case ".csv":
		return valuesOfCSV(body, field)
	case ".json":
		return valuesOfJSON(body, field)
	case ".parquet":
		return valuesOfParquet(body, field)
	case ".avro":
		return valuesOfAvro(body, field)
	}
	return nil, errors.New("the extension is of no format")
}

func valuesOfCSV(body []byte, field string) (values []string, err error) {
	lines, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 || !slices.Contains(lines[0], field) {
		return nil, fmt.Errorf("no column %s", field)
	}
	column := slices.Index(lines[0], field)
	for _, line := range lines[1:] {
		values = append(values, line[column])
	}
	return values, nil
}

func valuesOfJSON(body []byte, field string) (values []string, err error) {
	for line := range bytes.Lines(body) {
		var record map[string]any
		if err := json.Unmarshal(line, &record); err != nil {
			return values, err
		}
		value, ok := record[field]
		if !ok {
			return values, fmt.Errorf("a record without %s", field)
		}
		values = append(values, fmt.Sprint(value))
	}
	return values, nil
}

func valuesOfParquet(body []byte, field string) (values []string, err error) {
	reader, err := file.NewParquetReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer func() { _ = reader.Close() }()
	arrow, err := pqarrow.NewFileReader(reader, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		return nil, err
	}
	table, err := arrow.ReadTable(context.Background())
	if err != nil {
		return nil, err
	}
	defer table.Release()
	columns := table.Schema().FieldIndices(field)
	if len(columns) != 1 {
		return nil, fmt.Errorf("%d columns %s", len(columns), field)
	}
	for _, chunk := range table.Column(columns[0]).Data().Chunks() {
		for i := range chunk.Len() {
			values = append(values, chunk.ValueStr(i))
		}
	}
	return values, nil
}

func valuesOfAvro(body []byte, field string) (values []string, err error) {
	reader, err := goavro.NewOCFReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for reader.Scan() {
		record, err := reader.Read()
		if err != nil {
			return values, err
		}
		value := record.(map[string]any)[field]
		if union, ok := value.(map[string]any); ok {
			for _, value = range union { // of null and one type
			}
		}
		values = append(values, fmt.Sprint(value))
	}
	return values, reader.Err()
}
