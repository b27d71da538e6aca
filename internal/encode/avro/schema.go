package avro

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/s3-destination/s3-destination/internal/schema"
)

// largestHeader is more than any schema needs.
const largestHeader = 64 << 20

// ReadSchema reads the columns of an Avro file, whoever has written it.
func ReadSchema(file io.Reader) ([]schema.Field, error) {
	r := bufio.NewReader(io.LimitReader(file, largestHeader))
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(r, head); err != nil || string(head) != magic {
		return nil, errors.New("it is no Avro file")
	}
	avsc, err := headerSchema(r)
	if err != nil {
		return nil, fmt.Errorf("reading the header: %w", err)
	}
	return schema.ParseAvro(avsc)
}

// headerSchema finds the schema in the metadata of a file, which is a map in blocks.
func headerSchema(r *bufio.Reader) ([]byte, error) {
	for {
		n, err := binary.ReadVarint(r)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, errors.New("it has no schema")
		}
		if n < 0 { // the size of the block in bytes follows
			if _, err := binary.ReadVarint(r); err != nil {
				return nil, err
			}
			n = -n
		}
		for ; n > 0; n-- {
			key, err := headerBytes(r)
			if err != nil {
				return nil, err
			}
			value, err := headerBytes(r)
			if err != nil {
				return nil, err
			}
			if string(key) == "avro.schema" {
				return value, nil
			}
		}
	}
}

func headerBytes(r *bufio.Reader) ([]byte, error) {
	n, err := binary.ReadVarint(r)
	if err != nil {
		return nil, err
	}
	if n < 0 || n > largestHeader {
		return nil, fmt.Errorf("it has a value of %d bytes", n)
	}
	return io.ReadAll(io.LimitReader(r, n))
}
