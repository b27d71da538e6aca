package chunk

import "time"

// pace decides how many objects are uploaded at once. It begins with a few and
// doubles as long as that makes the uploads faster as a whole; it halves when
// the store asks for fewer requests, and then grows one by one. It is guarded by
// the manager's lock.
type pace struct {
	most  int // uploads at once, whatever happens
	limit int // and now

	doubling bool      // the store has not asked for fewer yet
	cut      time.Time // when it did last
	resume   time.Time // no growth before

	round round
	skip  int // uploads that began with another limit
	// base is the limit from which the present one has grown, and speed what it
	// brought.
	base  int
	speed float64
}

// round is as many uploads as may run at once, all of them while every place was
// taken: else the limit is not what they wait for.
type round struct {
	began time.Time
	done  int
	work  float64
}

const (
	// firstUploads is how many uploads run at once in the beginning.
	firstUploads = 4
	// perObject is what a request costs, in bytes sent in the same time, so that
	// the speed of small and large objects can be compared.
	perObject = 1 << 20
	// worthIt is how much faster half as many uploads again must be, at least.
	worthIt = 1.1
	// patience is how long a limit is kept beyond which nothing was gained.
	patience = 30 * time.Second
	// echo is how long after a cut the store may still complain about what was
	// sent before.
	echo = time.Second
)

func newPace(most int) pace {
	first := min(most, firstUploads)
	return pace{most: most, limit: first, base: first, doubling: true}
}

// throttled notes that the store asks for fewer requests.
func (p *pace) throttled(now time.Time) {
	if now.Sub(p.cut) < echo {
		return
	}
	p.cut, p.doubling = now, false
	p.skip = p.limit // they began before
	p.limit = max(1, p.limit/2)
	p.base = p.limit
}

func (p *pace) begin(now time.Time) { p.round = round{began: now} }

// finished notes an upload that has ended, and whether every place was taken.
func (p *pace) finished(now time.Time, bytes int64, full bool) {
	switch {
	case !full || p.round.began.IsZero():
		p.begin(now)
		return
	case p.skip > 0:
		p.skip--
		p.begin(now)
		return
	}
	r := &p.round
	r.done++
	r.work += float64(bytes) + perObject
	if took := now.Sub(r.began); r.done >= p.limit && took > 0 {
		p.judge(now, r.work/took.Seconds())
		p.begin(now)
	}
}

// judge sets the limit after a round of that speed.
func (p *pace) judge(now time.Time, speed float64) {
	grown := 2*p.limit >= 3*p.base
	switch {
	case p.limit == p.base:
		p.speed = speed
	case grown && speed < worthIt*p.speed:
		p.limit, p.resume = p.base, now.Add(patience)
	case grown:
		p.base, p.speed = p.limit, speed
	}
	if p.limit >= p.most || now.Before(p.resume) {
		return
	}
	p.skip = p.limit
	if p.doubling {
		p.limit = min(2*p.limit, p.most)
	} else {
		p.limit++
	}
}
