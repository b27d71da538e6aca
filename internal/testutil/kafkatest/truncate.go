package kafkatest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Truncate cuts the log of a partition of a killed broker at an offset, as when it
// had lost power before it wrote the rest to its disk. A batch of a producer that
// begins below the offset stays as a whole.
func (c *Cluster) Truncate(topic string, partition int32, offset int64) error {
	if c.broker == nil {
		return errors.New("only the log of a real broker can be cut")
	}
	path := filepath.Join(c.broker.dir, "data", fmt.Sprintf("%s-%d", topic, partition), fmt.Sprintf("%020d.log", 0))
	log, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the log of %s/%d: %w", topic, partition, err)
	}
	const head = 8 + 4 // offset and length
	at := 0
	for at+head <= len(log) && int64(binary.BigEndian.Uint64(log[at:])) < offset {
		at += head + int(binary.BigEndian.Uint32(log[at+8:]))
	}
	if at >= len(log) {
		return fmt.Errorf("the log of %s/%d ends below offset %d", topic, partition, offset)
	}
	if err := os.Truncate(path, int64(at)); err != nil {
		return fmt.Errorf("cutting the log of %s/%d: %w", topic, partition, err)
	}
	return nil
}
