package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// protocol is what the consumer group said to a fake broker: which partitions
// its leader gave to whom, and what was asked to be committed, whether or not
// the broker agreed. It is kept beside the logs when something was wrong.
type protocol struct {
	mu    sync.Mutex
	lines strings.Builder
}

// listen begins to write down.
func (p *protocol) listen(w *world) {
	if w.kafka == nil || w.kafka.Fake == nil {
		return
	}
	for _, key := range []kmsg.Key{kmsg.OffsetCommit, kmsg.SyncGroup, kmsg.LeaveGroup} {
		w.kafka.Fake.ControlKey(key.Int16(), func(r kmsg.Request) (kmsg.Response, error, bool) {
			p.note(r)
			return nil, nil, false // and stay
		})
	}
}

func (p *protocol) note(r kmsg.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	say := func(format string, args ...any) {
		_, _ = fmt.Fprintf(&p.lines, time.Now().Format("15:04:05.000 ")+format+"\n", args...)
	}
	switch r := r.(type) {
	case *kmsg.OffsetCommitRequest:
		for _, t := range r.Topics {
			for _, q := range t.Partitions {
				say("commit of partition %d: %d, generation %d, by %s", q.Partition, q.Offset, r.Generation, r.MemberID)
			}
		}
	case *kmsg.SyncGroupRequest:
		for _, a := range r.GroupAssignment {
			var got kmsg.ConsumerMemberAssignment
			if err := got.ReadFrom(a.MemberAssignment); err == nil {
				say("generation %d gives %v to %s", r.Generation, got.Topics, a.MemberID)
			}
		}
	case *kmsg.LeaveGroupRequest:
		for _, m := range r.Members {
			say("%s leaves", m.MemberID)
		}
	}
}

// keep writes it to a directory.
func (p *protocol) keep(dir string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lines.Len() > 0 {
		_ = os.WriteFile(filepath.Join(dir, "protocol.log"), []byte(p.lines.String()), 0o600)
	}
}
