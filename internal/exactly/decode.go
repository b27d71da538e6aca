package exactly

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"strings"
	"time"
)

// ErrUnreadable is metadata of ours that cannot be read: it is damaged, or a
// later version has written it. What it says is needed, so that nobody may go on
// without it.
var ErrUnreadable = errors.New("the epochs in the metadata of an offset cannot be read")

// mostEncoded bounds what is decoded at all, in bytes.
const mostEncoded = 1 << 20

// Decode reads the metadata of an offset of a topic. What other programs have
// written holds no epochs.
func Decode(topic, metadata string) ([]Epoch, error) {
	text, ours := strings.CutPrefix(metadata, prefix)
	if !ours {
		return nil, nil
	}
	if len(text) > mostEncoded {
		return nil, fmt.Errorf("%w: %d bytes", ErrUnreadable, len(text))
	}
	b, err := encoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if len(b) == 0 || b[0] != version && b[0] != firstVersion {
		return nil, fmt.Errorf("%w: another version of this program has written them; run the latest one", ErrUnreadable)
	}
	end := len(b) - 4
	if end < 1 || crc32.Checksum(b[:end], castagnoli) != binary.LittleEndian.Uint32(b[end:]) {
		return nil, fmt.Errorf("%w: the checksum differs", ErrUnreadable)
	}
	d := decoder{b: b[1:end], topic: topic, leaders: b[0] > firstVersion}
	epochs := d.epochs()
	if d.failed || len(d.b) > 0 {
		return nil, fmt.Errorf("%w: they do not end where they should", ErrUnreadable)
	}
	for i := range epochs {
		if err := epochs[i].check(); err != nil {
			return nil, fmt.Errorf("%w: epoch %x: %w", ErrUnreadable, epochs[i].ID, err)
		}
	}
	return epochs, nil
}

// decoder reads from the front. After a failure everything it reads is zero.
type decoder struct {
	b       []byte
	topic   string
	leaders bool // members have one
	failed  bool
}

func (d *decoder) fail() {
	d.failed, d.b = true, nil
}

func (d *decoder) take(n int) []byte {
	if n > len(d.b) {
		d.fail()
		return make([]byte, n) // of constant size: of what is counted there is enough
	}
	taken := d.b[:n]
	d.b = d.b[n:]
	return taken
}

// number reads one of at most most.
func (d *decoder) number(most uint64) uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || v > most {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads how many follow, each of which takes at least so many bytes.
func (d *decoder) count(most, bytes int) int {
	n := int(d.number(uint64(most)))
	if n*bytes > len(d.b) {
		d.fail()
		return 0
	}
	return n
}

func (d *decoder) offset() int64 { return int64(d.number(math.MaxInt64)) }

func (d *decoder) signed() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) word() uint64 { return binary.LittleEndian.Uint64(d.take(8)) }

func (d *decoder) epochs() []Epoch {
	epochs := make([]Epoch, d.count(MostEpochs, 1))
	for i := range epochs {
		d.epoch(&epochs[i])
	}
	return epochs
}

func (d *decoder) epoch(e *Epoch) {
	flags := d.take(1)[0]
	if flags&^flagsKnown != 0 {
		d.fail()
	}
	e.Closed, e.Inexact = flags&flagClosed != 0, flags&flagInexact != 0
	copy(e.ID[:], d.take(len(e.ID)))
	e.Clock = time.UnixMilli(d.offset()).UTC()
	e.Digest = Digest(d.word())
	d.lane(e)
	before := make([]int64, len(e.Lane))
	for i, m := range e.Lane {
		before[i] = m.Start
	}
	for range d.count(MostEarly, 8+len(e.Lane)) {
		s := Early{Target: Target(d.word()), Cuts: make([]int64, len(e.Lane))}
		for i := range s.Cuts {
			s.Cuts[i] = before[i] + d.signed()
		}
		before = s.Cuts
		e.Early = append(e.Early, s)
	}
	for range d.count(MostRefused, 2) {
		m := int(d.number(math.MaxInt32))
		if m >= len(e.Lane) {
			d.fail()
			return
		}
		e.Refused = append(e.Refused, Place{m, e.Lane[m].Start + d.offset()})
	}
}

func (d *decoder) lane(e *Epoch) {
	for range d.count(MostMembers, 8) {
		name := string(d.take(d.count(math.MaxInt16, 1)))
		if name == "" {
			name = d.topic
		}
		printed := binary.LittleEndian.Uint32(d.take(4))
		next := uint64(0)
		for range d.count(MostMembers, 2) {
			m := Member{Source: Source{Topic: name}, Print: printed}
			id := next + d.number(math.MaxInt32)
			if id > math.MaxInt32 {
				d.fail()
			}
			m.ID, m.Start = int32(id), d.offset()
			if d.leaders {
				m.Leader = Leader(d.number(math.MaxInt32 + 1))
			}
			if e.Closed {
				m.End = m.Start + d.offset()
			}
			next = id + 1
			e.Lane = append(e.Lane, m)
		}
	}
}
