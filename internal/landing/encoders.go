package landing

import (
	"sync"

	"github.com/s3-destination/s3-destination/internal/encode"
)

// encoders is what encoding one object at a time needs; made when first used.
type encoders struct {
	data, deadLetters encode.Encoder
}

// pool keeps the encoders that nobody uses. How many there are is decided by
// how many objects package chunk has encoded at once. The zero value is ready.
type pool struct {
	mu   sync.Mutex
	idle []*encoders
}

func (p *pool) take() *encoders {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return &encoders{}
	}
	e := p.idle[last]
	p.idle[last], p.idle = nil, p.idle[:last]
	return e
}

func (p *pool) put(e *encoders) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, e)
}
