package chunk

// ratios remembers how many encoded bytes a raw byte becomes: for each
// partition, and for each kind as a fallback. It is guarded by the manager's
// lock.
type ratios struct {
	limit       int64 // the size cap
	kind        [kinds]float64
	byPartition map[partition]history
}

// history is what is known about the objects of a partition.
type history struct {
	ratio float64
	rows  int // of the latest one
}

const (
	// maxRemembered bounds the memory of partitions; time in a path makes new
	// ones for ever. Forgetting costs one estimate from the kind's ratio.
	maxRemembered = 50_000
	// meaningful is the raw size from which a measurement counts in full.
	// Smaller objects are dominated by headers and say little, unless they
	// come near the cap.
	meaningful = 1 << 20
)

func newRatios(limit int64, initial [kinds]float64) ratios {
	r := ratios{limit: limit, kind: initial, byPartition: map[partition]history{}}
	for i, v := range r.kind {
		if v <= 0 {
			r.kind[i] = 1
		}
	}
	return r
}

// of returns the ratio to expect, and how many rows.
func (r *ratios) of(p partition) history {
	if h, ok := r.byPartition[p]; ok {
		return h
	}
	return history{ratio: r.kind[p.kind]}
}

// learn takes an object of that many rows and encoded bytes, made from raw
// bytes.
func (r *ratios) learn(p partition, rows int, raw, encoded int64) {
	if raw <= 0 || encoded <= 0 {
		return
	}
	measured := float64(encoded) / float64(raw)
	trust := min(1, float64(raw)/meaningful)
	if r.limit > 0 {
		trust = max(trust, min(1, 4*float64(encoded)/float64(r.limit)))
	}
	weight := 0.7 * trust
	r.kind[p.kind] += weight * (measured - r.kind[p.kind])
	old, known := r.byPartition[p]
	switch {
	case known:
		old.ratio += weight * (measured - old.ratio)
		old.rows = rows
		r.byPartition[p] = old
	case trust >= 1.0/16:
		if len(r.byPartition) >= maxRemembered {
			clear(r.byPartition)
		}
		r.byPartition[p] = history{ratio: measured, rows: rows}
	}
}
