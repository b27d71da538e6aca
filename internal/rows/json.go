package rows

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// json reads records one a line, or an array with one a line.
func (r *reader) json(in *bufio.Reader) error {
	if begin, _ := in.Peek(2); string(begin) == "[\n" {
		return r.array(in)
	}
	for number := 1; ; number++ {
		line, err := wholeLine(in)
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			continue
		}
		if !json.Valid(line) {
			return fmt.Errorf("line %d is no JSON", number)
		}
		if err := r.hand(line); err != nil {
			return err
		}
	}
}

// wholeLine is the next line, however long it is, with its end. It is valid until the
// next read.
func wholeLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err //nolint:wrapcheck // the caller says what was being read
	}
	begin := bytes.Clone(line)
	rest, err := in.ReadBytes('\n')
	return append(begin, rest...), err //nolint:wrapcheck // the same
}

// array reads the elements of an array.
func (r *reader) array(in io.Reader) error {
	d := json.NewDecoder(in)
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("reading the array: %w", err)
	}
	var line bytes.Buffer
	for d.More() {
		var element json.RawMessage
		if err := d.Decode(&element); err != nil {
			return fmt.Errorf("reading the array: %w", err)
		}
		line.Reset()
		if err := json.Compact(&line, element); err != nil {
			return fmt.Errorf("reading the array: %w", err)
		}
		if err := r.hand(line.Bytes()); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("reading the end of the array: %w", err)
	}
	return nil
}
