//go:build suite

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
	"strings"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/linkedin/goavro/v2"
)

// payloadsOf reads the field v of every record of an object.
func payloadsOf(key string, body []byte) ([]string, error) {
	if rest, ok := strings.CutSuffix(key, ".gz"); ok {
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		if body, err = io.ReadAll(r); err != nil {
			return nil, err
		}
		key = rest
	}
	switch key[strings.LastIndexByte(key, '.')+1:] {
	case "csv":
		return payloadsOfCSV(body)
	case "json":
		return payloadsOfJSON(body)
	case "parquet":
		return payloadsOfParquet(body)
	case "avro":
		return payloadsOfAvro(body)
	}
	return nil, errors.New("the extension is of no format")
}

func payloadsOfCSV(body []byte) (payloads []string, err error) {
	lines, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
	if err != nil {
		return nil, err
	}
	for _, line := range lines[1:] {
		payloads = append(payloads, line[0])
	}
	return payloads, nil
}

func payloadsOfJSON(body []byte) (payloads []string, err error) {
	for line := range bytes.Lines(body) {
		var record struct{ V string }
		if err := json.Unmarshal(line, &record); err != nil {
			return nil, err
		}
		payloads = append(payloads, record.V)
	}
	return payloads, nil
}

func payloadsOfParquet(body []byte) (payloads []string, err error) {
	reader, err := file.NewParquetReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	arrow, err := pqarrow.NewFileReader(reader, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		return nil, err
	}
	table, err := arrow.ReadTable(context.Background())
	if err != nil {
		return nil, err
	}
	for _, chunk := range table.Column(0).Data().Chunks() {
		column, ok := chunk.(*array.String)
		if !ok {
			return nil, fmt.Errorf("the column is of type %s", chunk.DataType())
		}
		for i := range column.Len() {
			payloads = append(payloads, column.Value(i))
		}
	}
	return payloads, nil
}

func payloadsOfAvro(body []byte) (payloads []string, err error) {
	reader, err := goavro.NewOCFReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for reader.Scan() {
		record, err := reader.Read()
		if err != nil {
			return nil, err
		}
		payloads = append(payloads, record.(map[string]any)["v"].(map[string]any)["string"].(string))
	}
	return payloads, reader.Err()
}
