package sink

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/hamba/avro/v2/ocf"
	"github.com/klauspost/compress/gzip"
	"github.com/parquet-go/parquet-go"
)

// countRows counts the records of an object by its extension.
func countRows(key string, content []byte) (rows int64, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("reading %s: %w", key, err)
		}
	}()
	if name, ok := strings.CutSuffix(key, ".gz"); ok {
		r, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return 0, err
		}
		if content, err = io.ReadAll(r); err != nil {
			return 0, err
		}
		key = name
	}
	switch {
	case strings.HasSuffix(key, ".json"):
		return lines(content), nil
	case strings.HasSuffix(key, ".csv"):
		return lines(content) - 1, nil
	case strings.HasSuffix(key, ".parquet"):
		f, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return 0, err
		}
		return f.NumRows(), nil
	case strings.HasSuffix(key, ".avro"):
		return avroRows(content)
	default:
		return 0, nil
	}
}

// lines counts lines, the last of which need not end with a line end. No value
// of the data has a line break.
func lines(text []byte) int64 {
	n := int64(bytes.Count(text, []byte{'\n'}))
	if len(text) > 0 && text[len(text)-1] != '\n' {
		n++
	}
	return n
}

func avroRows(content []byte) (n int64, err error) {
	d, err := ocf.NewDecoder(bytes.NewReader(content))
	if err != nil {
		return 0, err
	}
	for d.HasNext() {
		var row any
		if err := d.Decode(&row); err != nil {
			return n, err
		}
		n++
	}
	return n, d.Error()
}

// unchunk takes the framing off a body in the encoding aws-chunked.
func unchunk(body []byte) ([]byte, error) {
	content := []byte{}
	for {
		line, rest, ok := bytes.Cut(body, []byte("\r\n"))
		if !ok {
			return nil, errors.New("a chunk without a header")
		}
		size, _, _ := strings.Cut(string(line), ";")
		n, err := strconv.ParseInt(size, 16, 64)
		if err != nil || n > int64(len(rest)) {
			return nil, fmt.Errorf("a chunk of %q bytes", size)
		}
		if n == 0 {
			return content, nil
		}
		content = append(content, rest[:n]...)
		body = bytes.TrimPrefix(rest[n:], []byte("\r\n"))
	}
}
