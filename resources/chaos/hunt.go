package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errFound is that a promise was broken while a run was under way.
var errFound = errors.New("as was seen in the middle of it,")

// hunt looks from time to time at what is stored so far, and notes what is wrong
// already: records that are there twice, and such below the committed offset that
// are not there. Others may be on their way.
func (c *crew) hunt(ctx context.Context) {
	for ctx.Err() == nil {
		pause(ctx, 2*time.Second)
		what, err := c.wrong(ctx)
		if err != nil || what == "" {
			continue // the broker may be away
		}
		c.mu.Lock()
		c.found = what
		c.mu.Unlock()
		return
	}
}

func (c *crew) wrong(ctx context.Context) (string, error) {
	committed, err := c.kafka.Committed(ctx, group, topic)
	if err != nil {
		return "", err
	}
	n := c.ledger.len()
	s, err := readBack(ctx, c.shelf, c.ledger)
	if err != nil {
		return "", err
	}
	return s.wrongBelow(committed, c.ledger, n, c.forbid), nil
}

// wrongBelow is what is wrong already with the first n records; copies may be
// expected.
func (s *stored) wrongBelow(committed map[int32]int64, l *ledger, n int, copies bool) string {
	lost, twice, example := 0, 0, 0
	for id := range n {
		from, _ := l.at(id)
		switch times := len(s.copies[id]); {
		case times == 0 && from.offset < committed[from.partition]:
			lost++
			example = id
		case times > 1 && !copies:
			twice++
			if lost == 0 {
				example = id
			}
		}
	}
	if lost+twice == 0 {
		return ""
	}
	from, _ := l.at(example)
	return fmt.Sprintf("%d records missing below the committed offset and %d stored twice, such as offset %d of partition %d,", lost, twice, from.offset, from.partition)
}
