// Package frame is how bytes lie in the files of the spool: in frames that tell
// whether they are whole, and by which the reader finds its way again behind
// those that are not.
//
// A file begins with a header, twice, and every frame is bound by its checksum
// to the file, by a salt that is drawn when the file is made, and to its place:
// neither what an earlier file left on the same blocks nor a payload that looks
// like a frame is taken for one.
package frame

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"hash/crc32"
)

// Version of the format, in each header and each frame.
const Version = 1

const (
	// HeaderSize is where the frames of a file begin.
	HeaderSize = 2 * headerCopy
	// headerCopy is a page of many disks, so that the copies of a header share
	// none.
	headerCopy = 4096
	headerBody = headerCopy - headerMeta
	headerMeta = 16 + saltSize // magic, length, checksum

	// Overhead is what a frame takes beside its payload.
	Overhead = 28
	saltSize = 8
)

var (
	fileMagic = [8]byte{'s', '3', 'd', 's', 'p', 'o', 'o', 'l'}
	table     = crc32.MakeTable(crc32.Castagnoli)
)

// Salt binds frames to a file.
type Salt [saltSize]byte

// NewSalt draws a salt.
func NewSalt() Salt {
	var s Salt
	_, _ = rand.Read(s[:]) // never fails: see crypto/rand
	return s
}

// mark begins each frame of a file. Payloads cannot be full of it on purpose,
// which would make the search for the next frame slow.
func (s Salt) mark() [4]byte {
	var m [4]byte
	binary.LittleEndian.PutUint32(m[:], crc32.Update(Version, table, s[:]))
	return m
}

// Header is the first bytes of a file, which say what it is. meta has at most 4
// KB.
func Header(salt Salt, meta []byte) []byte {
	h := make([]byte, HeaderSize)
	copy(h, fileMagic[:])
	binary.LittleEndian.PutUint32(h[8:], uint32(len(meta)))
	copy(h[16:], salt[:])
	copy(h[headerMeta:headerCopy], meta)
	binary.LittleEndian.PutUint32(h[12:], headerSum(h[:headerCopy]))
	copy(h[headerCopy:], h[:headerCopy])
	return h
}

func headerSum(h []byte) uint32 {
	sum := crc32.Update(Version, table, h[:12])
	return crc32.Update(sum, table, h[16:])
}

// ParseHeader reads the header of a file, from whichever copy is whole.
func ParseHeader(data []byte) (Salt, []byte, bool) {
	for at := 0; at <= headerCopy && len(data) >= at+headerCopy; at += headerCopy {
		h := data[at : at+headerCopy]
		length := binary.LittleEndian.Uint32(h[8:])
		if !bytes.Equal(h[:8], fileMagic[:]) || length > headerBody ||
			binary.LittleEndian.Uint32(h[12:]) != headerSum(h) {
			continue
		}
		return Salt(h[16:headerMeta]), h[headerMeta : headerMeta+length], true
	}
	return Salt{}, nil, false
}

// Frame is a frame of a file.
type Frame struct {
	// Group counts the writes that were synced as one, and Index the frames of a
	// group.
	Group   uint64
	Index   uint32
	Payload []byte
}

// New returns the beginning of a frame that its payload is to be appended to, so
// that Seal can make a frame of both without copying.
func New(payload int) []byte { return make([]byte, Overhead, Overhead+payload) }

// Seal fills in the beginning of a frame that will lie at an offset of its file.
func Seal(b []byte, salt Salt, offset int64, group uint64, index uint32) {
	SealWith(b, Sum{}, salt, offset, group, index)
}

// SealWith fills in the beginning of a frame whose payload has more bytes behind those
// of b, of which the sum is known. They are not read.
func SealWith(b []byte, more Sum, salt Salt, offset int64, group uint64, index uint32) {
	mark := salt.mark()
	copy(b, mark[:])
	binary.LittleEndian.PutUint64(b[8:], uint64(len(b)-Overhead)+uint64(more.Size))
	binary.LittleEndian.PutUint64(b[16:], group)
	binary.LittleEndian.PutUint32(b[24:], index)
	binary.LittleEndian.PutUint32(b[4:], more.behind(frameSum(salt, offset, b)))
}

// Append appends a frame that will lie at an offset of its file.
func Append(dst []byte, salt Salt, offset int64, f Frame) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, Overhead)...)
	dst = append(dst, f.Payload...)
	Seal(dst[start:], salt, offset, f.Group, f.Index)
	return dst
}

func frameSum(salt Salt, offset int64, frame []byte) uint32 {
	var place [saltSize + 8]byte
	copy(place[:], salt[:])
	binary.LittleEndian.PutUint64(place[saltSize:], uint64(offset))
	sum := crc32.Update(0, table, place[:])
	return crc32.Update(sum, table, frame[8:])
}

// Parse reads the frame that data begins with, which lies at an offset of its
// file. It returns how many bytes it takes, and 0 when there is no whole frame.
// The payload is part of data.
func Parse(data []byte, salt Salt, offset int64) (Frame, int64) {
	if mark := salt.mark(); len(data) < Overhead || !bytes.Equal(data[:4], mark[:]) {
		return Frame{}, 0
	}
	length := binary.LittleEndian.Uint64(data[8:])
	if length > uint64(len(data)-Overhead) {
		return Frame{}, 0
	}
	end := Overhead + int64(length)
	if binary.LittleEndian.Uint32(data[4:]) != frameSum(salt, offset, data[:end]) {
		return Frame{}, 0
	}
	return Frame{
		Group:   binary.LittleEndian.Uint64(data[16:]),
		Index:   binary.LittleEndian.Uint32(data[24:]),
		Payload: data[Overhead:end],
	}, end
}

// Length is how many bytes a frame takes, by what its first Overhead bytes say.
func Length(head []byte) (int64, bool) {
	length := binary.LittleEndian.Uint64(head[8:])
	return Overhead + int64(length), length < 1<<40
}

// Gap is bytes of a file that are not whole frames.
type Gap struct {
	From, To int64
	// Torn: nothing says that these bytes were ever synced. It is what a crash
	// leaves at the end of a file; damage to the last group looks the same.
	Torn bool
}

// Scan reads all frames of a file, whose contents are data up to its end; more
// says that a later file proves these bytes to have been synced. Damaged frames
// are passed over. The offset is that behind the frame.
func Scan(data []byte, salt Salt, more bool, each func(offset int64, f Frame)) []Gap {
	var gaps []Gap
	var behind []Frame // the frame behind each gap
	var last Frame
	end := int64(len(data))
	for off := int64(HeaderSize); off < end; {
		f, n := Parse(data[off:], salt, off)
		if n == 0 {
			next := resume(data, salt, off+1)
			gaps, behind = append(gaps, Gap{From: off, To: next}), append(behind, Frame{})
			off = next
			continue
		}
		if len(gaps) > 0 && gaps[len(gaps)-1].To == off {
			behind[len(behind)-1] = f
		}
		each(off+n, f)
		off, last = off+n, f
	}
	for i, g := range gaps {
		// A group is written when those before it are synced: what is missing
		// was synced unless it is of the last group.
		ofLast := behind[i].Group == last.Group && behind[i].Index > 0
		gaps[i].Torn = !more && (g.To == end || ofLast)
	}
	return gaps
}

// resume finds the next whole frame from an offset on, or the end.
func resume(data []byte, salt Salt, off int64) int64 {
	mark := salt.mark()
	for off < int64(len(data)) {
		i := bytes.Index(data[off:], mark[:])
		if i < 0 {
			break
		}
		off += int64(i)
		if _, n := Parse(data[off:], salt, off); n > 0 {
			return off
		}
		off++
	}
	return int64(len(data))
}
