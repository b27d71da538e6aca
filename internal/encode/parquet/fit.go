package parquet

const (
	// firstRatio is what a row group is expected to take in proportion to its
	// buffers before anything is known.
	firstRatio = 0.4
	// aim is the part of the room that a row group is cut to. The rest is for
	// what cannot be foretold; a miss costs compressing once more.
	aim = 0.985
	// enough is the part of the limit from which on a file is full.
	enough = 0.955
	// maxGrow is how often a row group may grow before it is taken as it is.
	maxGrow = 3
)

// group adds the next row group to the file, as large as the limit and the
// settings allow.
func (f *file) group() error {
	w := &f.writer
	w.begin()
	target := f.target()
	if f.full {
		return nil
	}
	start := f.next
	more, err := f.fill(target)
	if err != nil {
		return err
	}
	if w.row == 0 {
		return nil // all records were refused
	}
	fits := 0 // the number of rows that is known to fit
	for try := 0; ; try++ {
		w.finish()
		b, size, err := f.candidate()
		if err != nil {
			return err
		}
		if f.limit == 0 || size <= f.limit || w.row == 1 && f.rows == 0 {
			grow := f.growth(size)
			if !more || grow == 0 || try >= maxGrow {
				f.full = f.full || f.limit > 0 && float64(size) > enough*float64(f.limit)
				return f.accept(b, w.buffered(), start)
			}
			fits = w.row
			if more, err = f.fill(grow); err != nil {
				return err
			}
			if w.row == fits {
				more = false // only refused records were left
			}
			continue
		}
		f.full, more = true, false
		n := f.shrink(size, int64(len(b.data)), fits, try)
		if n == 0 {
			f.back(start)
			return nil
		}
		f.truncate(n)
	}
}

// candidate builds the block of the current rows and returns the exact size of
// the file that ends with it.
func (f *file) candidate() (*block, int64, error) {
	w := &f.writer
	b, err := f.builder.build(w.columns, w.row)
	if err != nil {
		return nil, 0, err
	}
	return b, f.measure(b), nil
}

// measure places a block behind those of the file and returns the exact size
// of the file that ends with it, if there is a limit.
func (f *file) measure(b *block) int64 {
	at := f.at()
	b.place(at)
	if f.limit == 0 {
		return 0
	}
	end := at + int64(len(b.data))
	return end + int64(len(f.footer.tail(end, b, f.rows+b.group.NumRows, f.records[:f.next])))
}

// target returns how many bytes to buffer for the next row group, or marks the
// file as full when what is left is not worth one.
func (f *file) target() int64 {
	size := f.config.RowGroupSize
	if f.limit == 0 {
		return size
	}
	room := f.room()
	if f.rows > 0 && float64(room) < (1-enough)*float64(f.limit) {
		f.full = true
		return 0
	}
	return min(size, f.buffersFor(room))
}

// room is what the limit leaves for the next row group.
func (f *file) room() int64 {
	if f.rows == 0 {
		return f.limit
	}
	tail := f.footer.tail(f.written, nil, f.rows, f.records[:f.next])
	// The next row group makes the tail longer by as much as those before.
	return f.limit - f.written - int64(len(tail)) - int64(len(tail)/len(f.footer.groups))
}

// buffersFor converts a size in the file to one in the buffers.
func (f *file) buffersFor(room int64) int64 {
	ratio := f.encoder.ratio
	if ratio == 0 {
		ratio = firstRatio
	}
	return max(1, int64(float64(room)*aim/ratio))
}

// growth returns to how many buffered bytes the row group may grow when it left
// much of the file empty, 0 when it is large enough.
func (f *file) growth(size int64) int64 {
	if f.limit == 0 || float64(size) > enough*float64(f.limit) {
		return 0
	}
	buffered := int64(f.writer.buffered())
	if buffered >= f.config.RowGroupSize {
		return 0
	}
	data := float64(len(f.builder.block.data))
	factor := (data + aim*float64(f.limit) - float64(size)) / data
	return min(f.config.RowGroupSize, int64(float64(buffered)*min(factor, 8)))
}

// shrink returns how many rows to keep of a row group that is too large, 0 for
// none. size is that of the file, data that of the block.
func (f *file) shrink(size, data int64, fits, try int) int {
	rows := f.writer.row
	if rows == 1 {
		return 0
	}
	room := float64(f.limit-size+data) * (1 - 0.015*float64(try+1))
	n := int(float64(rows) * room / float64(data))
	if n <= fits {
		n = fits
	}
	if try > 2*maxGrow || n >= rows {
		n = min(n, rows/2)
	}
	if n < 1 {
		if f.rows > 0 {
			return 0
		}
		n = max(1, rows/8)
	}
	return n
}
