package disk

import "io"

// holder is a file that may write bytes later.
type holder interface {
	writeHeld(p []byte) (int, error)
}

// WriteHeld writes bytes that do not change before the next Sync or Close of the file.
// Many of them are then written by one call of the kernel, which costs less than to
// wait for the disk once for each.
func WriteHeld(f File, p []byte) (int, error) {
	if h, is := f.(holder); is {
		return h.writeHeld(p)
	}
	return f.Write(p)
}

const (
	// mostBlocks is how many stretches of memory are written at one stroke, and
	// mostHeld from how many bytes on that is done.
	mostBlocks = 256
	mostHeld   = 32 << 20
)

func (f *file) writeHeld(p []byte) (int, error) {
	if len(p) < Large || Place(p) != f.end()%Block || f.refused || f.err != nil {
		return f.Write(p)
	}
	rest := p
	for f.end()%Block > 0 { // the beginning of a block that has begun
		rest = rest[f.collect(rest[:Block-f.end()%Block]):]
	}
	f.cut()
	whole := len(rest) / Block * Block
	f.blocks, f.block = append(f.blocks, rest[:whole]), f.block+int64(whole)
	for rest = rest[whole:]; len(rest) > 0; {
		rest = rest[f.collect(rest):]
	}
	if len(f.blocks) >= mostBlocks || f.block >= mostHeld {
		f.flush()
	}
	return len(p), f.err
}

// cut makes whole blocks of what was collected. A block that had begun when it was
// collected, so that a part of it may be synced, is written the usual way.
func (f *file) cut() {
	if f.buf == nil {
		return
	}
	if f.begun%Block > 0 && len(f.blocks) == 0 {
		f.put(f.buf.bytes[f.begun:f.filled])
	} else {
		f.blocks, f.block = append(f.blocks, f.buf.bytes[f.begun:f.filled]), f.block+f.filled-f.begun
	}
	f.begun = f.filled
}

// putBlocks writes the whole blocks past the page cache, where there is such a way.
func (f *file) putBlocks() {
	blocks := f.blocks
	f.blocks, f.block = nil, 0
	if len(blocks) == 0 || f.err != nil {
		return
	}
	if f.openPast() {
		n, err := writeBlocks(f.direct, blocks, f.offset)
		f.offset += n
		if err == nil {
			return
		}
		if !f.refuse(err) {
			return
		}
		blocks = behind(blocks, n)
	}
	for _, b := range blocks {
		f.write(b)
	}
}

// behind are what is left of blocks when so many bytes of them are written.
func behind(blocks [][]byte, n int64) [][]byte {
	for len(blocks) > 0 && n >= int64(len(blocks[0])) {
		n -= int64(len(blocks[0]))
		blocks = blocks[1:]
	}
	if n > 0 {
		return append([][]byte{blocks[0][n:]}, blocks[1:]...)
	}
	return blocks
}

// writeEach writes blocks one after another.
func writeEach(w io.WriterAt, blocks [][]byte, offset int64) (written int64, err error) {
	for _, b := range blocks {
		n, err := w.WriteAt(b, offset+written)
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}
