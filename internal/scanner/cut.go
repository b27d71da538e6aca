package scanner

import (
	"bytes"
	"fmt"
)

// Cut hands over the records of a complete text, in order. They are parts of it. The
// format is Lines, JSON or Array. An error says where nothing can be told apart any more.
func Cut(format string, text []byte, record func(part []byte)) error {
	cut := (&config{format: format}).splitter()
	rest := bytes.TrimPrefix(text, mark)
	for {
		p, err := cut.split(rest, true)
		if err != nil {
			before := text[:len(text)-len(rest)]
			return fmt.Errorf("line %d, byte %d: %w", 1+bytes.Count(before, newline), len(before), err)
		}
		if p.used == 0 {
			return nil
		}
		if p.record != nil {
			record(p.record)
		}
		rest = rest[p.used:]
	}
}
