package exactly

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// DefaultLimit is how long the metadata of an offset may be unless a broker is
// told otherwise (offset.metadata.max.bytes), in bytes.
const DefaultLimit = 4096

// prefix tells our metadata from that of other programs.
const prefix = "s3d:"

// version is that of the encoding. Before it, firstVersion had no leaders. Where none is
// known it is written still, as what is taken over may have no room for another byte.
const version, firstVersion = 2, 1

// Bits of an epoch's first byte.
const (
	flagClosed = 1 << iota
	flagInexact
	flagsKnown = 1<<iota - 1
)

// ErrTooLarge is a list of epochs that does not fit.
var ErrTooLarge = errors.New("the epochs do not fit into the metadata of an offset")

// Encode writes the epochs of a partition of a topic as the metadata of its
// offset, in at most limit bytes (R4: a broker that finds one too long stores the
// others of the same commit).
func Encode(topic string, epochs []Epoch, limit int) (string, error) {
	if len(epochs) == 0 {
		return "", nil
	}
	if len(epochs) > MostEpochs {
		return "", fmt.Errorf("%w: %d epochs", ErrTooLarge, len(epochs))
	}
	v := versionFor(epochs)
	b := binary.AppendUvarint([]byte{v}, uint64(len(epochs)))
	for i := range epochs {
		if err := epochs[i].check(); err != nil {
			return "", fmt.Errorf("encoding epoch %x: %w", epochs[i].ID, err)
		}
		b = epochs[i].append(b, topic, v > firstVersion)
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	if n := len(prefix) + encoding.EncodedLen(len(b)); n > limit {
		return "", fmt.Errorf("%w: %d bytes of %d", ErrTooLarge, n, limit)
	}
	return prefix + encoding.EncodeToString(b), nil
}

var encoding = base64.RawStdEncoding.Strict()

// versionFor is the first version that holds all that is known of epochs.
func versionFor(epochs []Epoch) byte {
	for i := range epochs {
		for _, m := range epochs[i].Lane {
			if m.Leader != 0 {
				return version
			}
		}
	}
	return firstVersion
}

func (e *Epoch) append(b []byte, topic string, leaders bool) []byte {
	flags := byte(0)
	if e.Closed {
		flags |= flagClosed
	}
	if e.Inexact {
		flags |= flagInexact
	}
	b = append(b, flags)
	b = append(b, e.ID[:]...)
	b = binary.AppendUvarint(b, uint64(e.Clock.UnixMilli()))
	b = binary.LittleEndian.AppendUint64(b, uint64(e.Digest))
	b = e.appendLane(b, topic, leaders)
	b = binary.AppendUvarint(b, uint64(len(e.Early)))
	before := make([]int64, len(e.Lane))
	for i, m := range e.Lane {
		before[i] = m.Start
	}
	for _, s := range e.Early {
		b = binary.LittleEndian.AppendUint64(b, uint64(s.Target))
		for i, cut := range s.Cuts {
			b = binary.AppendVarint(b, cut-before[i])
		}
		before = s.Cuts
	}
	b = binary.AppendUvarint(b, uint64(len(e.Refused)))
	for _, p := range e.Refused {
		b = binary.AppendUvarint(b, uint64(p.Member))
		b = binary.AppendUvarint(b, uint64(p.Offset-e.Lane[p.Member].Start))
	}
	return b
}

// appendLane writes members by topic; the topic of the offset itself is not named.
func (e *Epoch) appendLane(b []byte, topic string, leaders bool) []byte {
	groups := byTopic(e.Lane)
	b = binary.AppendUvarint(b, uint64(len(groups)))
	for _, g := range groups {
		name := g[0].Topic
		if name == topic {
			name = ""
		}
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
		b = binary.LittleEndian.AppendUint32(b, g[0].Print)
		b = binary.AppendUvarint(b, uint64(len(g)))
		next := int32(0)
		for _, m := range g {
			b = binary.AppendUvarint(b, uint64(m.ID-next))
			b = binary.AppendUvarint(b, uint64(m.Start))
			if leaders {
				b = binary.AppendUvarint(b, uint64(m.Leader))
			}
			if e.Closed {
				b = binary.AppendUvarint(b, uint64(m.End-m.Start))
			}
			next = m.ID + 1
		}
	}
	return b
}

func byTopic(lane []Member) (groups [][]Member) {
	from := 0
	for i := range lane {
		if i+1 == len(lane) || lane[i+1].Topic != lane[i].Topic {
			groups = append(groups, lane[from:i+1])
			from = i + 1
		}
	}
	return groups
}
