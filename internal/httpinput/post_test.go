package httpinput

import (
	"errors"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"

	"github.com/s3-destination/s3-destination/internal/inflight"
)

// gathered are posts of so many records, with the numbers 1, 2, ...
func gathered(sizes ...int) *gathering {
	g := &gathering{}
	for i, n := range sizes {
		p := &post{id: int64(i + 1), fate: make(chan error, 1)}
		for range n {
			m := service.NewMessage([]byte("{}"))
			m.MetaSetMut(inflight.MetaRequest, p.id)
			p.batch = append(p.batch, m)
		}
		g.add(p)
	}
	return g
}

// fatesOf are those of all posts, in order.
func fatesOf(g *gathering, err error) (all []error) {
	g.settle(err)
	for _, p := range g.posts {
		all = append(all, <-p.fate)
	}
	return all
}

func refusal(request int64) error {
	return &inflight.Failure{Request: request, Refused: true, Sole: true, Err: errors.New("bad")}
}

// A request is told 200 only where each of its records is seen to be stored, whatever
// has become of the batch on its way.
func TestEachRequestHasItsOwnFate(t *testing.T) {
	outage, bad := errors.New("outage"), refusal(2)
	for name, c := range map[string]struct {
		err  func(batch service.MessageBatch) error
		want []error
	}{
		"all are stored": {
			func(service.MessageBatch) error { return nil },
			[]error{nil, nil, nil},
		},
		"the batch has failed": {
			func(service.MessageBatch) error { return outage },
			[]error{errFailed, errFailed, errFailed},
		},
		"a record is refused": {
			func(b service.MessageBatch) error { return service.NewBatchError(b, outage).Failed(2, bad) },
			[]error{nil, bad, nil},
		},
		"a record of each is refused": {
			func(b service.MessageBatch) error {
				return service.NewBatchError(b, outage).Failed(0, refusal(1)).Failed(2, bad).Failed(3, refusal(3))
			},
			[]error{refusal(1), bad, refusal(3)},
		},
		"all have failed, without saying which": {
			func(b service.MessageBatch) error { return service.NewBatchError(b, outage) },
			[]error{errFailed, errFailed, errFailed},
		},
		"a record has failed of which nobody says whose it is": {
			func(b service.MessageBatch) error { return service.NewBatchError(b, outage).Failed(2, outage) },
			[]error{errFailed, errFailed, errFailed},
		},
		"the failure of a record stands for the batch, as where Benthos batches": {
			func(service.MessageBatch) error { return bad },
			[]error{errFailed, errFailed, errFailed},
		},
		"other outputs have the records as well": {
			func(b service.MessageBatch) error {
				beside := &inflight.Failure{Request: 2, Refused: true, Err: outage}
				return service.NewBatchError(b, outage).Failed(2, beside)
			},
			[]error{errFailed, errFailed, errFailed},
		},
		"the failure is told at the place of another record": {
			func(b service.MessageBatch) error { return service.NewBatchError(b, outage).Failed(0, bad) },
			[]error{errFailed, errFailed, errFailed},
		},
		"a record of the first was dropped": {
			func(b service.MessageBatch) error { return service.NewBatchError(b[1:], outage).Failed(1, bad) },
			[]error{errFailed, bad, nil},
		},
		"records were merged into the first": {
			func(b service.MessageBatch) error { return service.NewBatchError(b[:1], outage).Failed(0, refusal(1)) },
			[]error{refusal(1), errFailed, errFailed},
		},
		"a processor has removed the metadata": {
			func(b service.MessageBatch) error {
				b[2] = b[2].Copy()
				b[2].MetaDelete(inflight.MetaRequest)
				return service.NewBatchError(b, outage).Failed(2, refusal(0))
			},
			[]error{nil, errFailed, nil},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := gathered(2, 1, 1)
			err := c.err(g.batch())
			assert.Equal(t, c.want, fatesOf(g, err))
		})
	}
}

// What may be sent again says so, also where another record was refused for good.
func TestAFailureThatPassesComesBeforeARefusal(t *testing.T) {
	passing := &inflight.Failure{Request: 1, Sole: true, Err: errors.New("given up")}
	for _, order := range [][]error{{passing, refusal(1)}, {refusal(1), passing}} {
		g := gathered(2)
		err := service.NewBatchError(g.batch(), errors.New("both")).Failed(0, order[0]).Failed(1, order[1])
		assert.Equal(t, []error{passing}, fatesOf(g, err))
	}
}

func TestAPostIsTakenOrLeavesNotBoth(t *testing.T) {
	p := &post{}
	assert.True(t, p.take())
	assert.False(t, p.leave())
	q := gathered(1).posts[0]
	q.stage.Store(queued)
	assert.True(t, q.leave())
	g := &gathering{}
	g.add(q)
	assert.Empty(t, g.posts)
}

func TestABatchIsFullByRecordsOrBytes(t *testing.T) {
	assert.False(t, (&gathering{records: mostRecords - 1, bytes: mostBytes - 1}).full())
	assert.True(t, (&gathering{records: mostRecords}).full())
	assert.True(t, (&gathering{bytes: mostBytes}).full())
}
