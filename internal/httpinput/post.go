package httpinput

import (
	"errors"
	"sync/atomic"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/inflight"
)

// Stages of a post.
const (
	queued int32 = iota
	taken        // it is in a batch, and may be stored
	gone         // it was answered before it was taken
)

// post is a request whose records wait to be stored.
type post struct {
	id    int64
	batch service.MessageBatch
	bytes int64 // of the body
	stage atomic.Int32
	// fate is nil when all of its records are acknowledged. It has room for one.
	fate chan error
}

// leave takes the post out of the queue. It is false when it has become part of a
// batch.
func (p *post) leave() bool {
	if !p.stage.CompareAndSwap(queued, gone) {
		return false
	}
	p.batch = nil // the queue may keep the post for long
	return true
}

// take makes the post part of a batch. It is false when it has been answered.
func (p *post) take() bool { return p.stage.CompareAndSwap(queued, taken) }

// Of a batch there are not many more records and bytes. A larger one saves nothing.
const mostRecords, mostBytes = 1000, 1 << 20

// gathering are posts that share a batch.
type gathering struct {
	posts   []*post
	records int
	bytes   int64
}

// add takes a post into the batch, unless it has been answered.
func (g *gathering) add(p *post) {
	if p.take() {
		g.posts = append(g.posts, p)
		g.records += len(p.batch)
		g.bytes += p.bytes
	}
}

func (g *gathering) full() bool { return g.records >= mostRecords || g.bytes >= mostBytes }

// batch are the records of all posts.
func (g *gathering) batch() service.MessageBatch {
	if len(g.posts) == 1 {
		return g.posts[0].batch
	}
	all := make(service.MessageBatch, 0, g.records)
	for _, p := range g.posts {
		all = append(all, p.batch...)
	}
	return all
}

// settle tells every post its fate.
func (g *gathering) settle(err error) {
	if err == nil || errors.Is(err, errStopping) {
		for _, p := range g.posts {
			p.fate <- err
		}
		return
	}
	fates := g.fates(err)
	for _, p := range g.posts {
		p.fate <- fates(p)
	}
}

// errFailed is the fate of posts of which nobody can tell which is stored.
var errFailed = errors.New("the batch that had the records has failed")

// fates says what has become of each post of a batch that has failed. A post has
// succeeded only where each of its records is seen to have: processors may have merged
// records, dropped some or changed their places, and whoever tells of failures by their
// places may be wrong then. An output beside others tells of itself alone.
func (g *gathering) fates(err error) func(p *post) error {
	all := func(*post) error { return errFailed }
	var single *service.BatchError
	if !errors.As(err, &single) {
		return all
	}
	seen, failed, known := map[int64]int{}, map[int64]*inflight.Failure{}, true
	single.WalkMessages(func(_ int, m *service.Message, reason error) bool { //nolint:staticcheck // no position is looked at
		number, _ := m.MetaGetMut(inflight.MetaRequest)
		id, _ := number.(int64)
		seen[id]++
		if reason == nil {
			return true
		}
		f, ok := reason.(*inflight.Failure) //nolint:errorlint // one that is wrapped is that of a whole batch
		if known = ok && f.Sole && f.Request == id; known && (failed[id] == nil || !f.Refused) {
			failed[id] = f // one that is not refused may be sent again
		}
		return known
	})
	if !known {
		return all
	}
	return func(p *post) error {
		switch f := failed[p.id]; {
		case f != nil:
			return f
		case seen[p.id] != len(p.batch):
			return errFailed
		}
		return nil
	}
}
